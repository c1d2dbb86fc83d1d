using System.Numerics;
using Idiolect.Kernels;

namespace Idiolect.Data;

/// <summary>
/// A permutation of 0..count-1 that a key picks and that needs no table: a balanced Feistel network over the next power of four,
/// walked until it lands inside (cycle walking, Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
/// </summary>
internal readonly struct KeyedPermutation
{
    // Four rounds make a Feistel network a pseudo-random permutation (Luby and Rackoff 1988); more cost little here.
    private const int Rounds = 6;

    private readonly ulong _count;
    private readonly ulong _key;
    private readonly int _halfBits;

    internal KeyedPermutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _count = (ulong)count;
        _key = key;
        _halfBits = (BitOperations.Log2(Math.Max(_count - 1, 1)) / 2) + 1;
    }

    /// <summary>The place of <paramref name="index"/>; on average it is found in less than four walks.</summary>
    internal long Map(long index)
    {
        var value = (ulong)index;
        do
        {
            value = Encrypt(value);
        }
        while (value >= _count);
        return (long)value;
    }

    private ulong Encrypt(ulong value)
    {
        var mask = (1UL << _halfBits) - 1;
        var left = value >> _halfBits;
        var right = value & mask;
        for (var round = 0; round < Rounds; round++)
        {
            var mixed = CounterRandom.Derive(_key + (ulong)round, right);
            (left, right) = (right, left ^ (mixed & mask));
        }
        return (left << _halfBits) | right;
    }
}

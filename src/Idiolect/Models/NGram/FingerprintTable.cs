using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Idiolect.Models;

/// <summary>
/// A hash table from 64-bit fingerprints to small values: open addressing, key and value side by side, so that a look-up is
/// one cache miss.
/// </summary>
/// <remarks>
/// A key's place is the upper bits of its product with a random odd number (multiply-shift hashing, Dietzfelbinger et al. 1997), another one in each
/// table: keys that a file chose cannot crowd together, whatever they are.
/// </remarks>
internal sealed class FingerprintTable<TValue>
    where TValue : unmanaged
{
    private readonly ulong _multiplier = NextOdd();
    private Entry[] _entries = new Entry[1024];

    internal int Count { get; private set; }

    /// <summary>The value of a key, made (zero) if it is not there; the reference is valid until the next call.</summary>
    internal ref TValue GetOrAdd(ulong key)
    {
        key |= key == 0 ? 1UL : 0;
        if (Count >= _entries.Length / 8 * 5)
        {
            Grow();
        }
        ref var entry = ref Find(_entries, key, _multiplier);
        if (entry.Key == 0)
        {
            entry.Key = key;
            Count++;
        }
        return ref entry.Value;
    }

    /// <summary>The value of a key; false if it is not there.</summary>
    internal bool TryGet(ulong key, out TValue value)
    {
        key |= key == 0 ? 1UL : 0;
        ref var entry = ref Find(_entries, key, _multiplier);
        value = entry.Value;
        return entry.Key != 0;
    }

    /// <summary>All keys, ascending, and their values.</summary>
    internal (ulong[] Keys, TValue[] Values) Sorted()
    {
        var (keys, values) = (new ulong[Count], new TValue[Count]);
        var next = 0;
        foreach (ref var entry in _entries.AsSpan())
        {
            if (entry.Key != 0)
            {
                (keys[next], values[next++]) = (entry.Key, entry.Value);
            }
        }
        Array.Sort(keys, values);
        return (keys, values);
    }

    /// <summary>The key's entry, or the free one where it belongs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ref Entry Find(Entry[] entries, ulong key, ulong multiplier)
    {
        var mask = entries.Length - 1;
        var i = (int)((key * multiplier) >> (64 - BitOperations.Log2((uint)entries.Length)));
        while (entries[i].Key != 0 && entries[i].Key != key)
        {
            i = (i + 1) & mask;
        }
        return ref entries[i];
    }

    private static ulong NextOdd()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes) | 1;
    }

    private void Grow()
    {
        var larger = new Entry[_entries.Length * 2];
        foreach (ref var entry in _entries.AsSpan())
        {
            if (entry.Key != 0)
            {
                Find(larger, entry.Key, _multiplier) = entry;
            }
        }
        _entries = larger;
    }

    private struct Entry
    {
        internal ulong Key; // 0: free
        internal TValue Value;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>
/// A short signature of a set, by which the share that two sets have in common (Jaccard's similarity) is estimated: the smallest element under each of
/// <see cref="Size"/> orders (Broder, "On the Resemblance and Containment of Documents", 1997), of which 16 bits are kept.
/// </summary>
/// <remarks>The standard deviation of an estimate of similarity s is sqrt(s (1 - s) / 256): 0.025 at 0.8.</remarks>
internal sealed class MinHash
{
    /// <summary>Orders, and so numbers of a signature.</summary>
    internal const int Size = 256;

    private static readonly uint[] Masks = Random(seed: 0x1d10);
    private static readonly uint[] Factors = [.. Random(seed: 0x1ec7).Select(number => number | 1)];

    private readonly uint[] _smallest = NewSmallest(); // (order)

    /// <summary>Whether the set has an element.</summary>
    internal bool HasElements { get; private set; }

    /// <summary>Adds an element by its hash.</summary>
    internal void Add(ulong element)
    {
        HasElements = true;
        var hash = new Vector<uint>((uint)(element >> 32));
        var spread = new Vector<uint>(0x7feb352d);
        var masks = MemoryMarshal.Cast<uint, Vector<uint>>(Masks.AsSpan());
        var factors = MemoryMarshal.Cast<uint, Vector<uint>>(Factors.AsSpan());
        var smallest = MemoryMarshal.Cast<uint, Vector<uint>>(_smallest.AsSpan());
        for (var i = 0; i < smallest.Length; i++)
        {
            var mixed = (hash ^ masks[i]) * factors[i];
            mixed = (mixed ^ (mixed >>> 16)) * spread;
            smallest[i] = Vector.Min(smallest[i], mixed ^ (mixed >>> 15));
        }
    }

    /// <summary>The signature: of each smallest number the lower bits, since the upper ones of all are small.</summary>
    internal ushort[] Signature() => Array.ConvertAll(_smallest, number => (ushort)number);

    /// <summary>The estimated similarity of two sets, in [0, 1].</summary>
    internal static double Similarity(ReadOnlySpan<ushort> a, ReadOnlySpan<ushort> b)
    {
        var x = MemoryMarshal.Cast<ushort, Vector<ushort>>(a);
        var y = MemoryMarshal.Cast<ushort, Vector<ushort>>(b);
        var equal = Vector<ushort>.Zero;
        for (var i = 0; i < x.Length; i++)
        {
            equal -= Vector.Equals(x[i], y[i]); // all bits set, which is -1, where they are
        }
        return (double)Vector.Sum(equal) / Size;
    }

    private static uint[] NewSmallest()
    {
        var numbers = new uint[Size];
        Array.Fill(numbers, uint.MaxValue);
        return numbers;
    }

    private static uint[] Random(ulong seed)
        => [.. Enumerable.Range(1, Size).Select(i => (uint)(WordReader.Mix((seed << 32) + (ulong)i) >> 32))];
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Counter-based random numbers (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a number is a pure
/// function of a key and a counter, so a dropout mask need not be stored, is the same on any number of threads, and
/// comes out again when a forward pass is recomputed. The mixing is the 32-bit finaliser of Wellons' hash-prospector
/// ("lowbias32"), applied with a second key word between its rounds.
/// </summary>
internal static class CounterRandom
{
    internal const uint Multiplier0 = 0x7feb352d;
    internal const uint Multiplier1 = 0x846ca68b;

    /// <summary>The 32 random bits of element <paramref name="index"/> under the key (key0, key1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Hash(uint key0, uint key1, uint index)
    {
        var h = index ^ key0;
        h ^= h >> 16;
        h *= Multiplier0;
        h ^= h >> 15;
        h ^= key1;
        h *= Multiplier1;
        h ^= h >> 16;
        h *= Multiplier0;
        h ^= h >> 15;
        return h;
    }

    /// <summary>The finaliser of SplitMix64 (Steele et al. 2014): derives one 64-bit key from another and a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Derive(ulong key, ulong word)
    {
        var z = key + ((word + 1) * 0x9e3779b97f4a7c15UL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, 1) with 53 random bits, for element <paramref name="index"/> of the stream <paramref name="key"/>.</summary>
    internal static double Uniform(ulong key, ulong index) => (Derive(key, index) >> 11) * (1.0 / (1UL << 53));

    /// <summary>A standard normal number (Box and Muller 1958) for element <paramref name="index"/> of the stream.</summary>
    internal static double Normal(ulong key, ulong index)
    {
        var radius = Math.Sqrt(-2.0 * Math.Log(1.0 - Uniform(key, 2 * index)));
        return radius * Math.Cos(2.0 * Math.PI * Uniform(key, (2 * index) + 1));
    }

    /// <summary>The hash below which an element is dropped, for a dropout probability in [0, 1).</summary>
    internal static uint DropThreshold(float probability) => (uint)(probability * 4294967296.0);
}

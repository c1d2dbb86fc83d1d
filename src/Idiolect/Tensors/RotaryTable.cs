using System.Runtime.InteropServices;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The cosines and sines of rotary positions: (positions, head size / 2) each, computed in double.</summary>
public sealed unsafe class RotaryTable : IDisposable
{
    /// <summary>Computes the table.</summary>
    /// <param name="positions">Positions.</param>
    /// <param name="headSize">The size of a head; even.</param>
    /// <param name="theta">The base of the frequencies (Su et al. 2021, section 3.2.2).</param>
    public RotaryTable(int positions, int headSize, double theta = 10_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headSize, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(headSize % 2, 0, nameof(headSize));
        (Positions, HeadSize) = (positions, headSize);
        var count = (nuint)positions * (nuint)(headSize / 2);
        Cosines = (float*)NativeMemory.AlignedAlloc(count * 2 * sizeof(float), 64);
        Sines = Cosines + count;
        Rope.FillTables(Cosines, Sines, positions, headSize, theta);
    }

    /// <summary>The positions that it knows.</summary>
    public int Positions { get; }

    /// <summary>The size of a head.</summary>
    public int HeadSize { get; }

    internal float* Cosines { get; private set; }

    internal float* Sines { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Cosines);
        Cosines = null;
    }
}

using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The sinusoidal positions of a model: (positions, width), computed, not learned.</summary>
public sealed unsafe class PositionTable : IDisposable
{
    /// <summary>Computes the table (Vaswani et al. 2017, section 3.5).</summary>
    /// <param name="positions">Positions.</param>
    /// <param name="width">The width of the stream.</param>
    public PositionTable(int positions, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (Positions, Width) = (positions, width);
        Values = NativeBuffer.Allocate((long)positions * width);
        PositionalEncoding.FillTable(Values, positions, width);
    }

    /// <summary>The positions that it knows.</summary>
    public int Positions { get; }

    /// <summary>The width of its vectors.</summary>
    public int Width { get; }

    internal float* Values { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeBuffer.Free(Values);
        Values = null;
    }
}

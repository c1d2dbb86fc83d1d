using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The sinusoidal positions of a model: (positions, width), computed as far as they are used, not learned.</summary>
public sealed unsafe class PositionTable : IDisposable
{
    private readonly GrowingTable _table; // (positions, width)

    /// <summary>Makes the table (Vaswani et al. 2017, section 3.5); nothing is computed yet.</summary>
    /// <param name="positions">The most positions.</param>
    /// <param name="width">The width of the stream.</param>
    public PositionTable(int positions, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (Positions, Width) = (positions, width);
        _table = new GrowingTable(positions, width, (table, count) => PositionalEncoding.FillTable(table, count, width));
    }

    /// <summary>The most positions.</summary>
    public int Positions { get; }

    /// <summary>The width of its vectors.</summary>
    public int Width { get; }

    /// <inheritdoc/>
    public void Dispose() => _table.Dispose();

    /// <summary>The table, (positions or more, width), with a row for each of these positions.</summary>
    /// <param name="positions">Their largest is below <see cref="Positions"/>.</param>
    internal float* Read(IntegerTensor positions) => _table.WithAtLeast(positions.Maximum + 1, out _);
}

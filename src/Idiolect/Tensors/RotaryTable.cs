using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The cosines and sines of rotary positions: (positions, head size / 2) each, computed in double, as far as they are used.
/// </summary>
public sealed unsafe class RotaryTable : IDisposable
{
    private readonly GrowingTable _table; // (positions, head size / 2) cosines, then as many sines

    /// <summary>Makes the table; nothing is computed yet.</summary>
    /// <param name="positions">The most positions.</param>
    /// <param name="headSize">The size of a head; even.</param>
    /// <param name="theta">The base of the frequencies (Su et al. 2021, section 3.2.2).</param>
    public RotaryTable(int positions, int headSize, double theta = 10_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headSize, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(headSize % 2, 0, nameof(headSize));
        (Positions, HeadSize) = (positions, headSize);
        _table = new GrowingTable(
            positions, headSize, (table, count) => Rope.FillTables(table, table + ((long)count * (headSize / 2)), count, headSize, theta));
    }

    /// <summary>The most positions.</summary>
    public int Positions { get; }

    /// <summary>The size of a head.</summary>
    public int HeadSize { get; }

    /// <inheritdoc/>
    public void Dispose() => _table.Dispose();

    /// <summary>The tables, with a row for each of these positions.</summary>
    /// <param name="positions">Their largest is below <see cref="Positions"/>.</param>
    /// <param name="cosines">(positions or more, head size / 2).</param>
    /// <param name="sines">(positions or more, head size / 2).</param>
    internal void Read(IntegerTensor positions, out float* cosines, out float* sines)
    {
        cosines = _table.WithAtLeast(positions.Maximum + 1, out var computed);
        sines = cosines + ((long)computed * (HeadSize / 2));
    }
}

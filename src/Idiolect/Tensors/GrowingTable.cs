using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// A table of positions that is computed as far as it is used: how many positions a model may have is only what its config claims, and most texts
/// are shorter. Rows never move while somebody may read them: the table doubles, and earlier ones stay until the end.
/// </summary>
internal sealed unsafe class GrowingTable : IDisposable
{
    private const int FirstPositions = 1024;

    private readonly Lock _growing = new();
    private readonly List<nint> _memory = []; // of each size that the table had
    private readonly int _most;
    private readonly long _floatsPerPosition;
    private readonly Fill _fill;
    private int _positions; // computed
    private bool _disposed;

    /// <summary>Computes a table.</summary>
    /// <param name="table">(positions, ...) to be filled.</param>
    /// <param name="positions">How many.</param>
    internal delegate void Fill(float* table, int positions);

    /// <param name="most">The most positions that it ever has.</param>
    /// <param name="floatsPerPosition">The floats of each.</param>
    /// <param name="fill">Computes it.</param>
    internal GrowingTable(int most, long floatsPerPosition, Fill fill)
        => (_most, _floatsPerPosition, _fill) = (most, floatsPerPosition, fill);

    /// <summary>The table, with this many positions or more.</summary>
    /// <param name="positions">The positions that will be read.</param>
    /// <param name="computed">The positions that it has.</param>
    internal float* WithAtLeast(int positions, out int computed)
    {
        lock (_growing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (positions > _positions || _memory.Count == 0)
            {
                var count = (int)Math.Min(_most, Math.Max(positions, Math.Max(FirstPositions, 2L * _positions)));
                var table = NativeBuffer.Allocate(count * _floatsPerPosition);
                _memory.Add((nint)table);
                _fill(table, count);
                _positions = count;
            }
            computed = _positions;
            return (float*)_memory[^1];
        }
    }

    public void Dispose()
    {
        lock (_growing)
        {
            _disposed = true;
            foreach (var table in _memory)
            {
                NativeBuffer.Free((float*)table);
            }
            _memory.Clear();
        }
    }
}

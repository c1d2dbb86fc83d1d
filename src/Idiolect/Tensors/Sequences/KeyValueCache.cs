using System.Runtime.InteropServices;
using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Tensors;

/// <summary>
/// The keys and values of past positions, so that writing a token costs one row of work instead of the whole text again.
/// They lie in pages of <see cref="Attention.PageLength"/> positions that are taken as a sequence grows, and so do the tables of pages: how long a
/// context may become is only what a config claims.
/// </summary>
public sealed unsafe class KeyValueCache : ISequenceMemory
{
    private const int FirstPages = 64;

    private readonly int _layerCount;
    private readonly int _mostPages; // of the context
    private readonly List<nint> _memory = [];
    private float** _tables; // (layer, key or value, batch, pages)
    private readonly int* _lengths; // (2, batch): before and after the rows of this pass
    private int _pagesTaken; // pages that every sequence of every layer has
    private float** _spare; // (batch): pages to reorder into, from the first reordering on
    private bool _disposed;

    /// <summary>An empty cache, for a model of one's own; Idiolect's models make theirs themselves.</summary>
    /// <param name="batch">Sequences held.</param>
    /// <param name="layerCount">Layers with attention.</param>
    /// <param name="keyValueHeadCount">Key and value heads of a layer.</param>
    /// <param name="headSize">The size of a head.</param>
    /// <param name="contextLength">The most positions that a sequence can have.</param>
    public KeyValueCache(int batch, int layerCount, int keyValueHeadCount, int headSize, int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(layerCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyValueHeadCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        (Batch, _layerCount, KeyValueHeadCount, HeadSize, ContextLength) = (batch, layerCount, keyValueHeadCount, headSize, contextLength);
        _mostPages = (int)CeilingDivide((long)contextLength, Attention.PageLength);
        PagesPerSequence = Math.Min(_mostPages, FirstPages);
        _tables = AllocateTables(PagesPerSequence);
        _lengths = (int*)NativeMemory.AllocZeroed((nuint)(2 * batch), sizeof(int));
    }

    /// <summary>Sequences held.</summary>
    public int Batch { get; }

    /// <summary>Positions held of each sequence.</summary>
    public int Length => Lengths[0];

    /// <summary>The most positions that a sequence can have.</summary>
    public int ContextLength { get; }

    internal int KeyValueHeadCount { get; }

    internal int HeadSize { get; }

    /// <summary>Pages that the tables have room for.</summary>
    internal int PagesPerSequence { get; private set; }

    /// <summary>Floats of one position's keys, and of its values.</summary>
    internal int RowWidth => KeyValueHeadCount * HeadSize;

    /// <summary>(batch): positions held before the rows of this pass.</summary>
    internal int* Lengths
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _lengths;
        }
    }

    /// <summary>(batch): positions held with them.</summary>
    internal int* LengthsAfter => Lengths + Batch;

    /// <summary>Whether it was made for a model of this shape.</summary>
    internal bool Fits(int layerCount, int keyValueHeadCount, int headSize, int contextLength)
        => (_layerCount, KeyValueHeadCount, HeadSize, ContextLength) == (layerCount, keyValueHeadCount, headSize, contextLength);

    /// <summary>Forgets everything, keeping the memory.</summary>
    public void Clear() => new Span<int>(Lengths, 2 * Batch).Clear();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        foreach (var memory in _memory)
        {
            NativeBuffer.Free((float*)memory);
        }
        NativeMemory.Free(_tables);
        NativeMemory.Free(_lengths);
        NativeMemory.Free(_spare);
    }

    /// <summary>(batch, pages) pointers to a layer's pages of keys, each (page length, key-value heads, head size).</summary>
    internal float** KeyPages(int layer) => _tables + (2L * layer * Batch * PagesPerSequence);

    /// <summary>The same for values.</summary>
    internal float** ValuePages(int layer) => _tables + (((2L * layer) + 1) * Batch * PagesPerSequence);

    /// <summary>Begins a pass: makes room for <paramref name="time"/> more positions of every sequence, which attention then stores.</summary>
    /// <param name="time">The positions of the pass.</param>
    /// <exception cref="InvalidOperationException">They do not fit.</exception>
    public void Begin(int time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(time);
        var after = Length + time;
        if (after > ContextLength)
        {
            throw new InvalidOperationException($"The cache holds {Length} of {ContextLength} positions: {time} more do not fit.");
        }
        for (; _pagesTaken * Attention.PageLength < after; _pagesTaken++)
        {
            TakePage(_pagesTaken);
        }
        new Span<int>(LengthsAfter, Batch).Fill(after);
    }

    /// <summary>Copies the keys and values of this pass from a fused (batch, time, width) projection.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="qkv">(batch, time, query columns + 2 * row width).</param>
    internal void Store(int layer, Tensor qkv)
    {
        var (time, width) = (qkv.Shape[1], qkv.Shape[2]);
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, _layerCount);
        if (qkv.Shape[0] != Batch || width < 2 * RowWidth)
        {
            throw new ArgumentException($"{qkv.Shape} holds no keys and values, {RowWidth} wide each, of {Batch} sequences.", nameof(qkv));
        }
        var room = _pagesTaken * Attention.PageLength;
        var bytes = (uint)RowWidth * sizeof(float);
        for (var sequence = 0; sequence < Batch; sequence++)
        {
            if (Lengths[sequence] + time > room)
            {
                throw new InvalidOperationException($"The cache has no room for {time} more positions: {nameof(Begin)} makes it.");
            }
            for (var t = 0; t < time; t++)
            {
                var position = Lengths[sequence] + t;
                var page = (sequence * PagesPerSequence) + (position / Attention.PageLength);
                var offset = (long)(position % Attention.PageLength) * RowWidth;
                var key = qkv.Pointer + ((((long)sequence * time) + t) * width) + (width - (2 * RowWidth));
                Buffer.MemoryCopy(key, KeyPages(layer)[page] + offset, bytes, bytes);
                Buffer.MemoryCopy(key + RowWidth, ValuePages(layer)[page] + offset, bytes, bytes);
            }
        }
    }

    /// <summary>Ends the pass: its positions now count as held.</summary>
    public void Advance() => new Span<int>(LengthsAfter, Batch).CopyTo(new Span<int>(Lengths, Batch));

    /// <summary>Ends the pass where sequences differ in length: of each only the first positions count as held.</summary>
    /// <param name="lengths">(batch), each at most as many as the pass wrote.</param>
    internal void Advance(ReadOnlySpan<int> lengths) => lengths.CopyTo(new Span<int>(Lengths, Batch));

    /// <summary>Makes each sequence go on from what another held, as the survivors of a beam search do.</summary>
    /// <param name="parents">(batch): which sequence each now continues.</param>
    /// <exception cref="ArgumentException">There is not one parent for each, or one is not held.</exception>
    internal void Reorder(ReadOnlySpan<int> parents)
    {
        SequenceParents.Check(parents, Batch);
        if (_spare == null)
        {
            var pages = NativeBuffer.Allocate((long)Batch * Attention.PageLength * RowWidth);
            _memory.Add((nint)pages);
            _spare = (float**)NativeMemory.Alloc((nuint)Batch, (nuint)sizeof(nint));
            for (var sequence = 0; sequence < Batch; sequence++)
            {
                _spare[sequence] = pages + ((long)sequence * Attention.PageLength * RowWidth);
            }
        }
        var used = CeilingDivide(Length, Attention.PageLength);
        for (var table = 0; table < 2 * _layerCount; table++)
        {
            var tables = _tables + ((long)table * Batch * PagesPerSequence); // (batch, pages)
            for (var page = 0; page < used; page++)
            {
                var bytes = (long)Math.Min(Attention.PageLength, Length - (page * Attention.PageLength)) * RowWidth * sizeof(float);
                for (var sequence = 0; sequence < Batch; sequence++)
                {
                    if (parents[sequence] != sequence)
                    {
                        Buffer.MemoryCopy(tables[(parents[sequence] * PagesPerSequence) + page], _spare[sequence], bytes, bytes);
                    }
                }
                for (var sequence = 0; sequence < Batch; sequence++)
                {
                    if (parents[sequence] != sequence)
                    {
                        var index = (sequence * PagesPerSequence) + page;
                        var old = tables[index];
                        tables[index] = _spare[sequence];
                        _spare[sequence] = old;
                    }
                }
            }
        }
    }

    private float** AllocateTables(int pages)
        => (float**)NativeMemory.AllocZeroed(checked((nuint)(2L * _layerCount * Batch * pages)), (nuint)sizeof(nint));

    /// <summary>Doubles the tables.</summary>
    private void GrowTables()
    {
        var pages = (int)Math.Min(_mostPages, 2L * PagesPerSequence);
        var larger = AllocateTables(pages);
        for (var sequence = 0L; sequence < 2L * _layerCount * Batch; sequence++)
        {
            new Span<nint>(_tables + (sequence * PagesPerSequence), PagesPerSequence).CopyTo(new Span<nint>(larger + (sequence * pages), pages));
        }
        NativeMemory.Free(_tables);
        _tables = larger;
        PagesPerSequence = pages;
    }

    private void TakePage(int page)
    {
        if (page == PagesPerSequence)
        {
            GrowTables();
        }
        var pageFloats = (long)Attention.PageLength * RowWidth;
        var count = 2L * _layerCount * Batch;
        var memory = NativeBuffer.Allocate(count * pageFloats);
        _memory.Add((nint)memory);
        for (var i = 0L; i < count; i++)
        {
            _tables[(i * PagesPerSequence) + page] = memory + (i * pageFloats);
        }
    }
}

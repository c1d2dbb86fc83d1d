using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The state of a recurrent model between two passes: a vector a layer, for an LSTM two. It has the same size however long
/// the text, and no gradient flows through it (truncated backpropagation through time).
/// </summary>
public sealed unsafe class RecurrentState : ISequenceMemory
{
    private readonly RecurrentCell _cell;
    private readonly int _layerCount;
    private readonly int _width;
    private float* _values; // (layers, hidden or cell, batch, width)

    internal RecurrentState(RecurrentCell cell, int batch, int layerCount, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        (_cell, Batch, _layerCount, _width) = (cell, batch, layerCount, width);
        _values = NativeBuffer.AllocateZeroed(Count);
    }

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public int Length { get; private set; }

    /// <summary>No limit: a text may go on forever.</summary>
    public int ContextLength => int.MaxValue;

    /// <summary>All numbers, (layers, hidden or cell, batch, width).</summary>
    internal Span<float> Values
    {
        get
        {
            ObjectDisposedException.ThrowIf(_values == null, this);
            return new(_values, checked((int)Count));
        }
    }

    private long LayerSize => (_cell == RecurrentCell.Lstm ? 2L : 1L) * Batch * _width;

    private long Count => _layerCount * LayerSize;

    /// <summary>Whether it was made for a model of this shape.</summary>
    internal bool Fits(RecurrentCell cell, int layerCount, int width) => (_cell, _layerCount, _width) == (cell, layerCount, width);

    /// <inheritdoc/>
    public void Clear()
    {
        Values.Clear();
        Length = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeBuffer.Free(_values);
        _values = null;
    }

    /// <summary>The hidden state of a layer as a tensor, (batch, width).</summary>
    internal Tensor Hidden(Tape tape, int layer) => ToTensor(tape, layer * LayerSize);

    /// <summary>The cell of an LSTM's layer as a tensor, (batch, width); null for other cells.</summary>
    internal Tensor? Cell(Tape tape, int layer)
        => _cell == RecurrentCell.Lstm ? ToTensor(tape, (layer * LayerSize) + ((long)Batch * _width)) : null;

    /// <summary>Takes over the state with which a layer ended.</summary>
    internal void Store(int layer, in RecurrentResult result)
    {
        var count = Batch * _width;
        var values = Values[checked((int)(layer * LayerSize))..];
        var hidden = result.Hidden;
        new ReadOnlySpan<float>(hidden.Pointer + (hidden.Shape.Count - count), count).CopyTo(values);
        if (result.LastCell is { } cell)
        {
            cell.CopyTo(values.Slice(count, count));
        }
    }

    /// <summary>Makes each text go on from what another held, as the survivors of a beam search do.</summary>
    /// <param name="parents">(batch): which text each now continues.</param>
    /// <exception cref="ArgumentException">There is not one parent for each, or one is not held.</exception>
    internal void Reorder(ReadOnlySpan<int> parents)
    {
        SequenceParents.Check(parents, Batch);
        var old = new float[Values.Length];
        Values.CopyTo(old);
        for (var table = 0; table < Values.Length / (Batch * _width); table++)
        {
            for (var text = 0; text < Batch; text++)
            {
                old.AsSpan(((table * Batch) + parents[text]) * _width, _width).CopyTo(Values[(((table * Batch) + text) * _width)..]);
            }
        }
    }

    /// <summary>Counts the tokens of a pass.</summary>
    internal void Advance(int time) => Length = (int)Math.Min((long)Length + time, int.MaxValue - 1);

    private Tensor ToTensor(Tape tape, long start)
    {
        var tensor = tape.Create(new Shape(Batch, _width));
        Values.Slice(checked((int)start), Batch * _width).CopyTo(new Span<float>(tensor.Pointer, Batch * _width));
        return tensor;
    }
}

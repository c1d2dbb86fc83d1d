using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// A recurrent cell over all steps of a segment, back through all of them in the backward pass. Rows are time-major, so that
/// those of one step lie together.
/// </summary>
internal sealed unsafe class RecurrentOperation : Operation
{
    private RecurrentSegment _segment;
    private TensorNode _projections = null!;
    private TensorNode _firstHidden = null!;
    private TensorNode? _firstCell;
    private TensorNode? _lastCell;
    private Parameter _weight = null!;
    private Parameter? _bias;

    /// <summary>Runs the cell.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="cell">Which cell.</param>
    /// <param name="projections">(time, batch, gates * width): the input's projections with their bias. Its handle is consumed, its memory used.</param>
    /// <param name="weight">U (gates * width, width).</param>
    /// <param name="bias">(gates * width): the bias of the state's projections, which a GRU has; else null.</param>
    /// <param name="packed">The weight packed for the forward pass.</param>
    /// <param name="firstHidden">(batch, width): the state before the first step.</param>
    /// <param name="firstCell">(batch, width): the cell before the first step, for an LSTM.</param>
    internal static RecurrentResult Apply(
        Tape tape, RecurrentCell cell, Tensor projections, Parameter weight, Parameter? bias, PackedMatrix packed,
        Tensor firstHidden, Tensor? firstCell)
    {
        tape.Require(projections);
        tape.Require(firstHidden);
        if (firstCell is { } began)
        {
            tape.Require(began);
        }
        if (projections.Node.Savers > 0)
        {
            throw new InvalidOperationException("The projections of a recurrent cell are overwritten: nothing else may need them.");
        }
        var (time, batch, width) = (projections.Shape[0], projections.Shape[1], weight.Shape[1]);
        var needsGradient = projections.Node.NeedsGradient || weight.RequiresGradient || bias is { RequiresGradient: true }
            || firstHidden.Node.NeedsGradient || firstCell is { Node.NeedsGradient: true };
        var hidden = tape.Create(new Shape(time, batch, width), needsGradient);
        var cells = cell == RecurrentCell.Lstm ? tape.RentMemory(hidden.Shape.Count) : null;
        var recurrent = cell == RecurrentCell.Gru ? tape.RentMemory(projections.Shape.Count) : null;
        var segment = new RecurrentSegment
        {
            Cell = cell,
            Time = time,
            Batch = batch,
            Width = width,
            Gates = projections.Pointer,
            Recurrent = recurrent == null ? null : recurrent.Pointer,
            RecurrentBias = bias == null ? null : bias.Data,
            FirstHidden = firstHidden.Pointer,
            FirstCell = firstCell is { } first ? first.Pointer : null,
            Hidden = hidden.Pointer,
            Cells = cells == null ? null : cells.Pointer,
        };
        Recurrence.Forward(tape.Team, segment, packed.Panels(tape.Team));

        Tensor? lastCell = null;
        if (cells != null)
        {
            var last = tape.Create(new Shape(batch, width), needsGradient);
            var count = checked((int)last.Shape.Count);
            new ReadOnlySpan<float>(cells.Pointer + ((long)(time - 1) * count), count).CopyTo(new Span<float>(last.Pointer, count));
            lastCell = last;
        }
        if (hidden.Node.NeedsGradient)
        {
            var record = tape.Record<RecurrentOperation>(hidden);
            (record._segment, record._projections, record._weight, record._bias) = (segment, projections.Node, weight, bias);
            (record._firstHidden, record._firstCell, record._lastCell) = (firstHidden.Node, firstCell?.Node, lastCell?.Node);
            record.Save(projections);
            record.Save(hidden);
            record.Save(firstHidden);
            if (firstCell is { } start)
            {
                record.Save(start);
            }
            if (lastCell is { } ended)
            {
                record.AlsoMade(ended);
            }
            record.Own(cells);
            record.Own(recurrent);
            tape.CountUse(weight);
            tape.CountUse(bias);
        }
        else
        {
            tape.ReturnMemory(cells);
            tape.ReturnMemory(recurrent);
        }
        projections.Dispose();
        return new RecurrentResult(hidden, lastCell);
    }

    protected internal override void Backward(Tape tape)
    {
        var (batch, width, gates) = (_segment.Batch, _segment.Width, _segment.GatesWidth);
        if (Output.Gradient == null)
        {
            var none = tape.Gradient(Output, out _); // only the last cell is learnt from
            new Span<float>(none, checked((int)Output.Shape.Count)).Clear();
        }
        var count = _segment.StateCount;
        var dState = tape.RentMemory(count);
        var dCell = _firstCell == null ? null : tape.RentMemory(count);
        if (dCell != null)
        {
            StartCellGradient(new Span<float>(dCell.Pointer, checked((int)count)));
        }
        var packed = tape.RentMemory(Gemm.PackedLength(tape.Team, gates, width));
        Gemm.PackB(tape.Team, gates, width, new MatrixView(_weight.Data, width), packed.Pointer);
        Recurrence.Backward(
            tape.Team, _segment, packed.Pointer, OutputGradient, dState.Pointer, dCell == null ? null : dCell.Pointer);
        tape.ReturnMemory(packed);

        if (_weight.RequiresGradient)
        {
            Recurrence.WeightGradient(tape.Team, _segment, _weight.Gradient, tape.Precision);
            tape.Contributed(_weight);
        }
        if (_bias is { RequiresGradient: true })
        {
            BiasGradient.Accumulate(tape.Team, _segment.Recurrent, _bias.Gradient, _segment.Time * batch, gates);
            tape.Contributed(_bias);
        }
        tape.ShareGradient(dState, _firstHidden);
        tape.ReturnMemory(dState);
        if (dCell != null)
        {
            tape.ShareGradient(dCell, _firstCell!);
            tape.ReturnMemory(dCell);
        }
        // What were the gates are now the gradients of the projections.
        tape.ShareGradient(_projections.Data!, _projections);
    }

    private void StartCellGradient(Span<float> gradient)
    {
        if (_lastCell?.Gradient is { } given)
        {
            new ReadOnlySpan<float>(given.Pointer, gradient.Length).CopyTo(gradient);
        }
        else
        {
            gradient.Clear();
        }
    }
}

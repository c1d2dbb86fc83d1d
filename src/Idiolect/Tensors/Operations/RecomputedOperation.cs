namespace Idiolect.Tensors;

/// <summary>A part of a model that can run twice with the same result.</summary>
/// <param name="x">What it computes from; the segment ends the handle.</param>
/// <param name="positions">What it reads besides, without a gradient.</param>
/// <param name="context">The pass, unchanged from forward to backward: its random key gives the same masks.</param>
internal delegate Tensor Segment<in TContext>(Tensor x, IntegerTensor positions, TContext context);

/// <summary>
/// A segment of which only the input is kept: its backward pass runs it forward again, recording, and then goes back through what
/// was recorded (activation checkpointing: Chen et al. 2016, "Training deep nets with sublinear memory cost"). The kernels are the
/// same and so are the bits.
/// </summary>
internal sealed class RecomputedOperation<TContext> : Operation
    where TContext : class
{
    private Segment<TContext> _segment = null!;
    private TensorNode _x = null!;
    private IntegerTensor _positions;
    private TContext _context = null!;

    /// <summary>Runs a segment and keeps nothing of its inside.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="segment">Always the same delegate, so that a step allocates none.</param>
    /// <param name="x">Its input; the segment ends the handle.</param>
    /// <param name="positions">What it reads besides.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The segment's result.</returns>
    internal static Tensor Apply(Tape tape, Segment<TContext> segment, Tensor x, IntegerTensor positions, TContext context)
    {
        if (!tape.Recording)
        {
            return segment(x, positions, context);
        }
        var input = x.Node;
        input.Savers++; // until the record has it: the segment ends the handle
        tape.BeginSegment();
        var y = segment(x, positions, context);
        y.Node.Deferred?.Settle(tape); // its operation is forgotten
        tape.ForgetSegment();
        y.Node.Producer = null;
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<RecomputedOperation<TContext>>(y);
            record.Save(input);
            record.Save(positions);
            (record._segment, record._x, record._positions, record._context) = (segment, input, positions, context);
        }
        tape.ReleaseSaver(input);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        tape.BeginSegment(again: true);
        var positions = _positions.Data.Node;
        var wasReleased = positions.HandleReleased;
        positions.HandleReleased = false; // the segment reads it once more
        var y = _segment(Tape.Revive(_x), _positions, _context);
        positions.HandleReleased = wasReleased;
        y.Dispose();
        (y.Node.Gradient, Output.Gradient) = (Output.Gradient, null);
        tape.BackwardThroughSegment();
    }
}

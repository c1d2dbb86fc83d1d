namespace Idiolect.Tensors;

/// <summary>A part of a model that can run twice with the same result.</summary>
/// <param name="x">What it computes from.</param>
/// <param name="constant">What it reads besides, without a gradient.</param>
/// <param name="context">The pass, unchanged from forward to backward: its random key gives the same masks.</param>
internal delegate Tensor Segment<in TContext>(Tensor x, Tensor constant, TContext context);

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
    private TensorNode _constant = null!;
    private TContext _context = null!;

    /// <summary>Runs a segment and keeps nothing of its inside.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="segment">Always the same delegate, so that a step allocates none.</param>
    /// <param name="x">Its input; the segment may dispose the handle.</param>
    /// <param name="constant">What it reads besides.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The segment's result.</returns>
    internal static Tensor Apply(Tape tape, Segment<TContext> segment, Tensor x, Tensor constant, TContext context)
    {
        if (!tape.Recording)
        {
            return segment(x, constant, context);
        }
        x.Node.Savers++; // until the record has it: the segment may be the last to use the handle
        tape.BeginSegment();
        var y = segment(x, constant, context);
        y.Node.Deferred?.Settle(tape); // its operation is forgotten
        tape.ForgetSegment();
        y.Node.Producer = null;
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<RecomputedOperation<TContext>>(y);
            record.Save(x);
            record.Save(constant);
            (record._segment, record._x, record._constant, record._context) = (segment, x.Node, constant.Node, context);
        }
        tape.ReleaseSaver(x.Node);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        tape.BeginSegment(again: true);
        var y = _segment(tape.Revive(_x), tape.Revive(_constant), _context);
        tape.ReleaseHandle(_x);
        tape.ReleaseHandle(_constant);
        y.Dispose();
        (y.Node.Gradient, Output.Gradient) = (Output.Gradient, null);
        tape.BackwardThroughSegment();
    }
}

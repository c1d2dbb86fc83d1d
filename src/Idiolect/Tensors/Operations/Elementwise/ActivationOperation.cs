using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>An element-wise activation function.</summary>
internal sealed unsafe class ActivationOperation : Operation
{
    private TensorNode _x = null!;
    private ActivationKind _kind;

    /// <summary>y = f(x).</summary>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, ActivationKind kind, Tensor x)
    {
        tape.Require(x);
        var y = tape.Create(x.Shape, x.Node.NeedsGradient);
        Activation.Forward(tape.Team, kind, x.Pointer, y.Pointer, x.Shape.Count);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<ActivationOperation>(y);
            record.Save(x);
            (record._x, record._kind) = (x.Node, kind);
            y.Node.Producer = x.Shape.Count >= tape.RecomputeFrom ? record : null;
        }
        return y;
    }

    internal override void Recompute(Tape tape, float* output)
        => Activation.Forward(tape.Team, _kind, _x.Data!.Pointer, output, _x.Shape.Count);

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        Activation.Backward(tape.Team, _kind, OutputGradient, _x.Data!.Pointer, dx, accumulate, _x.Shape.Count);
    }
}

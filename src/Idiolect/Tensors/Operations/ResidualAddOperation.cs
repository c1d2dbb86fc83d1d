using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>y = a + b: how a layer writes into the residual stream.</summary>
internal sealed unsafe class ResidualAddOperation : Operation
{
    private TensorNode _a = null!;
    private TensorNode _b = null!;

    /// <summary>Adds; b's handle is consumed and its memory used for the sum when nobody else needs it.</summary>
    /// <returns>The shape of a and b.</returns>
    internal static Tensor Apply(Tape tape, Tensor a, Tensor b)
    {
        var (left, right) = (a.Node, b.Node);
        var leftData = a.Pointer;
        var rightData = b.Pointer;
        var y = tape.CreateConsuming(b, left.NeedsGradient || right.NeedsGradient);
        ResidualAdd.Forward(tape.Team, leftData, rightData, y.Pointer, left.Shape.Count);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<ResidualAddOperation>(y);
            (record._a, record._b) = (left, right);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        tape.ShareGradient(Output.Gradient!, _b);
        tape.ShareGradient(Output.Gradient!, _a);
    }
}

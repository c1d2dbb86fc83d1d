using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Exchanges a tensor's two outer dimensions: time-major rows to batch-major ones and back.</summary>
internal sealed unsafe class TransposeOperation : Operation
{
    private TensorNode _x = null!;

    /// <summary>(a, b, width) to (b, a, width).</summary>
    internal static Tensor Apply(Tape tape, Tensor x)
    {
        Tape.RequireSequences(x);
        var (a, b, width) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        var y = tape.Create(new Shape(b, a, width), x.Node.NeedsGradient);
        RowTransposition.Apply(tape.Team, x.Pointer, y.Pointer, a, b, width, accumulate: false);
        if (y.Node.NeedsGradient)
        {
            tape.Record<TransposeOperation>(y)._x = x.Node;
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var (b, a, width) = (Output.Shape[0], Output.Shape[1], Output.Shape[2]);
        var dx = tape.Gradient(_x, out var accumulate);
        RowTransposition.Apply(tape.Team, OutputGradient, dx, b, a, width, accumulate);
    }
}

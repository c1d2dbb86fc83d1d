using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The softmax of each row, causal where the rows are queries that see only keys up to their own position.</summary>
internal sealed unsafe class SoftmaxOperation : Operation
{
    private TensorNode _x = null!;

    /// <summary>y = e^x / sum of e^x, row by row; 0 for keys that a query does not see.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., keys); where it is causal (batch, queries, keys), the last query at the last key's position.</param>
    /// <param name="causal">Whether it is.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, bool causal)
    {
        if (causal && (x.Shape.Rank != 3 || x.Shape[1] > x.Shape[2]))
        {
            throw new ArgumentException($"A causal softmax needs scores (batch, queries, keys) with no more queries than keys, not {x.Shape}.", nameof(x));
        }
        var y = tape.Create(x.Shape, x.Node.NeedsGradient);
        Softmax.Forward(tape.Team, x.Pointer, y.Pointer, x.Shape.Rows, x.Shape.Width, causal ? x.Shape[1] : 0);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<SoftmaxOperation>(y);
            record._x = x.Node;
            record.Save(y);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        Softmax.Backward(tape.Team, Output.Data!.Pointer, OutputGradient, dx, accumulate, _x.Shape.Rows, _x.Shape.Width);
    }
}

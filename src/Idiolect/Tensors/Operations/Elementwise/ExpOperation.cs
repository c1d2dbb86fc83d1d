namespace Idiolect.Tensors;

/// <summary>y = e^x, such as the ratio of two probabilities. For numbers of a loss: in double, on one thread.</summary>
internal sealed unsafe class ExpOperation : Operation
{
    private TensorNode _x = null!;

    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x)
    {
        var y = tape.Create(x.Shape, x.Node.NeedsGradient);
        var from = x.Pointer;
        var to = y.Pointer;
        for (var i = 0L; i < x.Shape.Count; i++)
        {
            to[i] = (float)Math.Exp(from[i]);
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<ExpOperation>(y);
            record._x = x.Node;
            record.Save(y);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        var y = Output.Data!.Pointer;
        for (var i = 0L; i < _x.Shape.Count; i++)
        {
            dx[i] = (accumulate ? dx[i] : 0f) + (y[i] * OutputGradient[i]);
        }
    }
}

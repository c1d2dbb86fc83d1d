namespace Idiolect.Tensors;

/// <summary>
/// y = log(1 / (1 + e^-x)): the log-probability of a preference (Bradley and Terry 1952). For numbers of a loss: in double, on one thread.
/// </summary>
internal sealed unsafe class LogSigmoidOperation : Operation
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
            // log(1 + e^-|x|) never overflows.
            to[i] = (float)(Math.Min(from[i], 0) - Math.Log(1 + Math.Exp(-Math.Abs((double)from[i]))));
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<LogSigmoidOperation>(y);
            record._x = x.Node;
            record.Save(x);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        var x = _x.Data!.Pointer;
        for (var i = 0L; i < _x.Shape.Count; i++)
        {
            dx[i] = (accumulate ? dx[i] : 0f) + (float)(OutputGradient[i] / (1 + Math.Exp(x[i])));
        }
    }
}

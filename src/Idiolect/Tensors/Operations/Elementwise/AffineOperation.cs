namespace Idiolect.Tensors;

/// <summary>y = scale x + offset, for losses: what waits for its gradient goes on waiting.</summary>
internal sealed unsafe class AffineOperation : Operation
{
    private TensorNode _x = null!;
    private float _scale;
    private float _offset;

    /// <summary>Scales and shifts every element.</summary>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, float scale, float offset)
    {
        var node = x.Living;
        var y = tape.Create(node.Shape, node.NeedsGradient);
        var waits = y.Node.NeedsGradient && node.Deferred != null;
        if (!waits)
        {
            Compute(x.Pointer, scale, offset, y.Pointer, node.Shape.Count);
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<AffineOperation>(y);
            (record._x, record._scale, record._offset) = (node, scale, offset);
            if (waits)
            {
                record.Save(x);
                record.Defer(y);
            }
        }
        return y;
    }

    internal override void Evaluate(Tape tape)
    {
        _x.Deferred?.Settle(tape);
        Compute(_x.Data!.Pointer, _scale, _offset, Output.Data!.Pointer, _x.Shape.Count);
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        for (var i = 0L; i < _x.Shape.Count; i++)
        {
            dx[i] = (accumulate ? dx[i] : 0f) + (_scale * OutputGradient[i]);
        }
    }

    private static void Compute(float* x, float scale, float offset, float* y, long count)
    {
        for (var i = 0L; i < count; i++)
        {
            y[i] = (scale * x[i]) + offset;
        }
    }
}

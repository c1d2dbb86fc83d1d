namespace Idiolect.Tensors;

/// <summary>y = factor times the sum of groups of neighbours: of all elements, or of each row. What waits for its gradient goes on waiting.</summary>
internal sealed unsafe class SumOperation : Operation
{
    private TensorNode _x = null!;
    private float _factor;

    /// <summary>Sums in double.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="shape">As many elements as there are groups.</param>
    /// <param name="factor">What each sum is multiplied by.</param>
    internal static Tensor Apply(Tape tape, Tensor x, Shape shape, float factor)
    {
        var node = x.Living;
        var y = tape.Create(shape, node.NeedsGradient);
        var waits = y.Node.NeedsGradient && node.Deferred != null;
        if (!waits)
        {
            Compute(x.Pointer, node.Shape.Count, y.Pointer, shape.Count, factor);
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<SumOperation>(y);
            (record._x, record._factor) = (node, factor);
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
        Compute(_x.Data!.Pointer, _x.Shape.Count, Output.Data!.Pointer, Output.Shape.Count, _factor);
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        var width = _x.Shape.Count / Math.Max(1, Output.Shape.Count);
        for (var i = 0L; i < _x.Shape.Count; i++)
        {
            dx[i] = (accumulate ? dx[i] : 0f) + (_factor * OutputGradient[i / width]);
        }
    }

    private static void Compute(float* x, long count, float* y, long groups, float factor)
    {
        var width = count / Math.Max(1, groups);
        for (var group = 0L; group < groups; group++)
        {
            var sum = 0.0;
            for (var i = 0L; i < width; i++)
            {
                sum += x[(group * width) + i];
            }
            y[group] = (float)(sum * factor);
        }
    }
}

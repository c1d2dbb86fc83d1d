namespace Idiolect.Tensors;

/// <summary>y = x, but no less than a lower and no more than an upper bound; beyond them no gradient passes (Schulman et al. 2017, section 3).</summary>
internal sealed unsafe class ClipOperation : Operation
{
    private TensorNode _x = null!;
    private float _minimum;
    private float _maximum;

    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, float minimum, float maximum)
    {
        if (!(minimum <= maximum))
        {
            throw new ArgumentException($"The lower bound {minimum} is above the upper one, {maximum}.", nameof(minimum));
        }
        var y = tape.Create(x.Shape, x.Node.NeedsGradient);
        var from = x.Pointer;
        var to = y.Pointer;
        for (var i = 0L; i < x.Shape.Count; i++)
        {
            to[i] = Math.Clamp(from[i], minimum, maximum);
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<ClipOperation>(y);
            (record._x, record._minimum, record._maximum) = (x.Node, minimum, maximum);
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
            dx[i] = (accumulate ? dx[i] : 0f) + (x[i] >= _minimum && x[i] <= _maximum ? OutputGradient[i] : 0f);
        }
    }
}

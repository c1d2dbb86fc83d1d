namespace Idiolect.Tensors;

/// <summary>y = min(a, b), element by element; the gradient goes to the smaller, of equals to a (as the clipped objective of PPO needs it).</summary>
internal sealed unsafe class MinimumOperation : Operation
{
    private TensorNode _a = null!;
    private TensorNode _b = null!;

    /// <param name="tape">The step.</param>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    /// <returns>The shape of a and b.</returns>
    internal static Tensor Apply(Tape tape, Tensor a, Tensor b)
    {
        tape.RequireAlike(a, b);
        var y = tape.Create(a.Shape, a.Node.NeedsGradient || b.Node.NeedsGradient);
        var left = a.Pointer;
        var right = b.Pointer;
        var to = y.Pointer;
        for (var i = 0L; i < a.Shape.Count; i++)
        {
            to[i] = Math.Min(left[i], right[i]); // a number that is none stays one
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<MinimumOperation>(y);
            (record._a, record._b) = (a.Node, b.Node);
            record.Save(a);
            record.Save(b);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        HandOn(tape, _a, chosen: true);
        HandOn(tape, _b, chosen: false);
    }

    /// <param name="tape">The step.</param>
    /// <param name="to">Whose gradient.</param>
    /// <param name="chosen">Its gradient comes from where whether a was chosen says this.</param>
    private void HandOn(Tape tape, TensorNode to, bool chosen)
    {
        if (!to.NeedsGradient)
        {
            return;
        }
        var gradient = tape.Gradient(to, out var accumulate);
        var a = _a.Data!.Pointer;
        var b = _b.Data!.Pointer;
        for (var i = 0L; i < to.Shape.Count; i++)
        {
            gradient[i] = (accumulate ? gradient[i] : 0f) + (!(b[i] < a[i]) == chosen ? OutputGradient[i] : 0f);
        }
    }
}

namespace Idiolect.Tensors;

/// <summary>The rows of the last step of a time-major tensor: the state that a recurrent layer ends with.</summary>
internal sealed unsafe class LastStepOperation : Operation
{
    private TensorNode _x = null!;

    /// <summary>(time, batch, width) to (batch, 1, width).</summary>
    internal static Tensor Apply(Tape tape, Tensor x)
    {
        Tape.RequireSequences(x);
        var last = tape.Create(new Shape(x.Shape[1], 1, x.Shape[2]), x.Node.NeedsGradient);
        new ReadOnlySpan<float>(x.Pointer + (x.Shape.Count - last.Shape.Count), checked((int)last.Shape.Count))
            .CopyTo(new Span<float>(last.Pointer, checked((int)last.Shape.Count)));
        if (last.Node.NeedsGradient)
        {
            tape.Record<LastStepOperation>(last)._x = x.Node;
        }
        return last;
    }

    protected internal override void Backward(Tape tape)
    {
        var count = checked((int)Output.Shape.Count);
        var before = checked((int)(_x.Shape.Count - count));
        var dx = tape.Gradient(_x, out var accumulate);
        if (!accumulate)
        {
            new Span<float>(dx, before).Clear();
            new Span<float>(dx + before, count).Clear();
        }
        for (var i = 0; i < count; i++)
        {
            dx[before + i] += OutputGradient[i];
        }
    }
}

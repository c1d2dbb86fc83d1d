using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>y = a + b: how a layer writes into the residual stream, and how losses are summed.</summary>
internal sealed unsafe class AddOperation : Operation
{
    private TensorNode _a = null!;
    private TensorNode _b = null!;

    /// <summary>Adds. A sum of losses that wait for their gradient waits with them.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    /// <param name="inPlace">Whether b's handle ends here, and its memory is used for the sum when nobody else needs it.</param>
    /// <returns>The shape of a and b.</returns>
    internal static Tensor Apply(Tape tape, Tensor a, Tensor b, bool inPlace)
    {
        tape.RequireAlike(a, b);
        var (left, right) = (a.Living, b.Living);
        var needsGradient = left.NeedsGradient || right.NeedsGradient;
        if (needsGradient && !inPlace && (left.Deferred != null || right.Deferred != null))
        {
            var sum = tape.Create(left.Shape, needsGradient);
            var waiting = Remember(tape, sum, left, right);
            waiting.Save(a);
            waiting.Save(b);
            waiting.Defer(sum);
            return sum;
        }
        var leftData = a.Pointer;
        var rightData = b.Pointer;
        var y = inPlace ? tape.CreateConsuming(b, needsGradient) : tape.Create(left.Shape, needsGradient);
        ResidualAdd.Forward(tape.Team, leftData, rightData, y.Pointer, left.Shape.Count);
        if (y.Node.NeedsGradient)
        {
            Remember(tape, y, left, right);
        }
        return y;
    }

    internal override void Evaluate(Tape tape)
    {
        _a.Deferred?.Settle(tape);
        _b.Deferred?.Settle(tape);
        ResidualAdd.Forward(tape.Team, _a.Data!.Pointer, _b.Data!.Pointer, Output.Data!.Pointer, _a.Shape.Count);
    }

    protected internal override void Backward(Tape tape)
    {
        tape.ShareGradient(Output.Gradient!, _b);
        tape.ShareGradient(Output.Gradient!, _a);
    }

    private static AddOperation Remember(Tape tape, Tensor y, TensorNode a, TensorNode b)
    {
        var record = tape.Record<AddOperation>(y);
        (record._a, record._b) = (a, b);
        return record;
    }
}

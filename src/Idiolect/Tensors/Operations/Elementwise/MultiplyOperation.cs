using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>y = a b, element by element: a gate, a mask, an advantage.</summary>
internal sealed unsafe class MultiplyOperation : Operation
{
    private TensorNode _a = null!;
    private TensorNode _b = null!;

    /// <summary>Multiplies.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    /// <returns>The shape of a and b.</returns>
    internal static Tensor Apply(Tape tape, Tensor a, Tensor b)
    {
        tape.RequireAlike(a, b);
        var y = tape.Create(a.Shape, a.Node.NeedsGradient || b.Node.NeedsGradient);
        ElementWise.Apply<Product>(tape.Team, a.Pointer, b.Pointer, y.Pointer, a.Shape.Count);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<MultiplyOperation>(y);
            (record._a, record._b) = (a.Node, b.Node);
            record.Save(a);
            record.Save(b);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        HandOn(tape, _a, _b.Data!.Pointer);
        HandOn(tape, _b, _a.Data!.Pointer);
    }

    private void HandOn(Tape tape, TensorNode to, float* factor)
    {
        if (to.NeedsGradient)
        {
            var gradient = tape.Gradient(to, out var accumulate);
            ElementWise.Apply<Product>(tape.Team, OutputGradient, factor, gradient, to.Shape.Count, accumulate);
        }
    }
}

using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The differentiable operations on tensors. Each runs at once on the tape of its tensors and, while that records, leaves what its backward pass
/// needs. An operation borrows its inputs and returns a new handle, which the caller disposes (or leaves to the end of the step); one whose
/// name ends in <c>InPlace</c> ends the handle that it is called on, and may use its memory for the result.
/// </summary>
/// <remarks>
/// All of them throw <see cref="ArgumentException"/> for shapes that do not fit or tensors of different tapes, and
/// <see cref="InvalidOperationException"/> for handles that have ended.
/// </remarks>
public static partial class TensorOperations
{
    /// <summary>a + b.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    public static Tensor Add(this Tensor a, Tensor b) => AddOperation.Apply(a.Node.Tape, a, b, inPlace: false);

    /// <summary>a + b in the memory of a, whose handle ends.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    public static Tensor AddInPlace(this Tensor a, Tensor b) => AddOperation.Apply(a.Node.Tape, b, a, inPlace: true);

    /// <summary>x + constant. For the numbers of a loss: on one thread.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="constant">What is added to every element.</param>
    public static Tensor Add(this Tensor x, float constant) => AffineOperation.Apply(x.Node.Tape, x, 1f, constant);

    /// <summary>a - b. For the numbers of a loss: on one thread.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    public static Tensor Subtract(this Tensor a, Tensor b)
    {
        a.Node.Tape.RequireAlike(a, b);
        using var negative = b.Scale(-1f);
        return a.Add(negative);
    }

    /// <summary>a b, element by element.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    public static Tensor Multiply(this Tensor a, Tensor b) => MultiplyOperation.Apply(a.Node.Tape, a, b);

    /// <summary>factor x. For the numbers of a loss: on one thread.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="factor">What every element is multiplied by.</param>
    public static Tensor Scale(this Tensor x, float factor) => AffineOperation.Apply(x.Node.Tape, x, factor, 0f);

    /// <summary>e^x. For the numbers of a loss: on one thread.</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Exp(this Tensor x) => ExpOperation.Apply(x.Node.Tape, x);

    /// <summary>log(1 / (1 + e^-x)). For the numbers of a loss: on one thread.</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor LogSigmoid(this Tensor x) => LogSigmoidOperation.Apply(x.Node.Tape, x);

    /// <summary>x between two bounds; beyond them no gradient passes. For the numbers of a loss: on one thread.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="minimum">The lower bound.</param>
    /// <param name="maximum">The upper bound.</param>
    public static Tensor Clip(this Tensor x, float minimum, float maximum) => ClipOperation.Apply(x.Node.Tape, x, minimum, maximum);

    /// <summary>The smaller of a and b, element by element. For the numbers of a loss: on one thread.</summary>
    /// <param name="a">Any shape.</param>
    /// <param name="b">The same shape.</param>
    public static Tensor Minimum(this Tensor a, Tensor b) => MinimumOperation.Apply(a.Node.Tape, a, b);

    /// <summary>The sum of all elements, (1).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Sum(this Tensor x) => SumOperation.Apply(x.Node.Tape, x, new Shape(1), 1f);

    /// <summary>The mean of all elements, (1).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Mean(this Tensor x) => SumOperation.Apply(x.Node.Tape, x, new Shape(1), 1f / Math.Max(1, x.Shape.Count));

    /// <summary>The sum of each row: (..., width) to (...).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor SumRows(this Tensor x) => SumOperation.Apply(x.Node.Tape, x, x.Shape.WithoutWidth(), 1f);

    /// <summary>x Φ(x), exact (Hendrycks and Gimpel 2016).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Gelu(this Tensor x) => ActivationOperation.Apply(x.Node.Tape, ActivationKind.Gelu, x);

    /// <summary>GPT-2's approximation of GELU by a hyperbolic tangent.</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor GeluTanh(this Tensor x) => ActivationOperation.Apply(x.Node.Tape, ActivationKind.GeluTanh, x);

    /// <summary>x σ(x).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Silu(this Tensor x) => ActivationOperation.Apply(x.Node.Tape, ActivationKind.Silu, x);

    /// <summary>max(x, 0).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor Relu(this Tensor x) => ActivationOperation.Apply(x.Node.Tape, ActivationKind.Relu, x);

    /// <summary>max(x, 0)² (So et al. 2021).</summary>
    /// <param name="x">Any shape.</param>
    public static Tensor ReluSquared(this Tensor x) => ActivationOperation.Apply(x.Node.Tape, ActivationKind.ReluSquared, x);

    /// <summary>silu(gate) * up (Shazeer 2020).</summary>
    /// <param name="gateUp">(..., 2 * width): gate, then up. It feeds nothing else.</param>
    /// <returns>(..., width).</returns>
    public static Tensor SwiGlu(this Tensor gateUp) => SwiGluOperation.Apply(gateUp.Node.Tape, gateUp);
}

namespace Idiolect.Kernels;

/// <summary>The element-wise nonlinearities of feed-forward layers.</summary>
internal enum ActivationKind
{
    /// <summary>x * Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016), exact.</summary>
    Gelu,

    /// <summary>The tanh approximation of the same paper, which GPT-2 uses ("gelu_new").</summary>
    GeluTanh,

    /// <summary>x * sigmoid(x) (Hendrycks and Gimpel 2016; Ramachandran et al. 2017).</summary>
    Silu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)^2 (So et al. 2021, "Primer").</summary>
    ReluSquared,
}

/// <summary>Activations, element by element; the functions themselves are in Activation.Operators.cs.</summary>
internal static unsafe partial class Activation
{
    /// <summary>y = f(x) over <paramref name="count"/> elements; y may alias x.</summary>
    internal static void Forward(Team team, ActivationKind kind, float* x, float* y, long count)
    {
        switch (kind)
        {
            case ActivationKind.Gelu:
                ElementWise.Apply<Gelu>(team, x, x, y, count);
                break;
            case ActivationKind.GeluTanh:
                ElementWise.Apply<GeluTanh>(team, x, x, y, count);
                break;
            case ActivationKind.Silu:
                ElementWise.Apply<Silu>(team, x, x, y, count);
                break;
            case ActivationKind.Relu:
                ElementWise.Apply<Relu>(team, x, x, y, count);
                break;
            case ActivationKind.ReluSquared:
                ElementWise.Apply<ReluSquared>(team, x, x, y, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an activation.");
        }
    }

    /// <summary>dx = dy * f'(x), or dx += that; x is the input of the forward pass; dx may alias dy.</summary>
    internal static void Backward(
        Team team, ActivationKind kind, float* dy, float* x, float* dx, bool accumulateDx, long count)
    {
        switch (kind)
        {
            case ActivationKind.Gelu:
                ElementWise.Apply<GeluGradient>(team, dy, x, dx, count, accumulateDx);
                break;
            case ActivationKind.GeluTanh:
                ElementWise.Apply<GeluTanhGradient>(team, dy, x, dx, count, accumulateDx);
                break;
            case ActivationKind.Silu:
                ElementWise.Apply<SiluGradient>(team, dy, x, dx, count, accumulateDx);
                break;
            case ActivationKind.Relu:
                ElementWise.Apply<ReluGradient>(team, dy, x, dx, count, accumulateDx);
                break;
            case ActivationKind.ReluSquared:
                ElementWise.Apply<ReluSquaredGradient>(team, dy, x, dx, count, accumulateDx);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not an activation.");
        }
    }
}

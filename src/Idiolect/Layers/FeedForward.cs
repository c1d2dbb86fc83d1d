using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The activation of a feed-forward layer.</summary>
public enum FeedForwardActivation
{
    /// <summary>x Φ(x), exact (Hendrycks and Gimpel 2016).</summary>
    Gelu,

    /// <summary>GPT-2's approximation of GELU by a hyperbolic tangent.</summary>
    GeluTanh,

    /// <summary>x σ(x).</summary>
    Silu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>max(x, 0)² (So et al. 2021).</summary>
    ReluSquared,

    /// <summary>silu(gate) * up (Shazeer 2020): three matrices instead of two.</summary>
    SwiGlu,
}

/// <summary>The position-wise feed-forward network (Vaswani et al. 2017, section 3.3): wide, an activation, and back.</summary>
internal sealed class FeedForward : IDisposable
{
    private readonly FeedForwardActivation _activation;
    private readonly Linear _up; // width -> hidden, or the fused gate and up: width -> 2 * hidden
    private readonly Linear _down; // hidden -> width
    private readonly Dropout _dropout;

    internal FeedForward(
        ParameterScope scope, FeedForwardActivation activation, int width, int hidden, bool bias, float dropout,
        double deviation, double residualDeviation)
    {
        _activation = activation;
        _up = activation == FeedForwardActivation.SwiGlu
            ? new Linear(scope.Child("gate_up"), width, [hidden, hidden], bias, deviation)
            : new Linear(scope.Child("up"), width, hidden, bias, deviation);
        _down = new Linear(scope.Child("down"), hidden, width, bias, residualDeviation);
        _dropout = new Dropout(scope, dropout);
    }

    /// <summary>(batch, time, width) to the same.</summary>
    internal Tensor Forward(Tensor x, ForwardContext context)
    {
        using var before = _up.Forward(x, context); // (batch, time, hidden or 2 * hidden)
        using var hidden = Activate(before, context.Tape); // (batch, time, hidden)
        return _dropout.Forward(_down.Forward(hidden, context), context);
    }

    public void Dispose()
    {
        _up.Dispose();
        _down.Dispose();
    }

    private Tensor Activate(Tensor x, Tape tape) => _activation switch
    {
        FeedForwardActivation.SwiGlu => SwiGluOperation.Apply(tape, x),
        FeedForwardActivation.Gelu => ActivationOperation.Apply(tape, ActivationKind.Gelu, x),
        FeedForwardActivation.GeluTanh => ActivationOperation.Apply(tape, ActivationKind.GeluTanh, x),
        FeedForwardActivation.Silu => ActivationOperation.Apply(tape, ActivationKind.Silu, x),
        FeedForwardActivation.Relu => ActivationOperation.Apply(tape, ActivationKind.Relu, x),
        _ => ActivationOperation.Apply(tape, ActivationKind.ReluSquared, x),
    };
}

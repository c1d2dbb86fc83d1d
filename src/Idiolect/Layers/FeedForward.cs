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

/// <summary>The shape of a feed-forward network.</summary>
public sealed record FeedForwardConfig
{
    /// <summary>The width of the stream.</summary>
    public required int Width { get; init; }

    /// <summary>The width between the matrices.</summary>
    public required int HiddenWidth { get; init; }

    /// <summary>What lies between them.</summary>
    public FeedForwardActivation Activation { get; init; } = FeedForwardActivation.GeluTanh;

    /// <summary>Whether the matrices have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>The probability with which an output is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The standard deviation of the first matrix's first values.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>That of the last matrix's, which writes into the stream; by default the same.</summary>
    public double? OutputDeviation { get; init; }
}

/// <summary>The position-wise feed-forward network (Vaswani et al. 2017, section 3.3): wide, an activation, and back.</summary>
public sealed class FeedForward : IDisposable
{
    private readonly FeedForwardActivation _activation;
    private readonly Linear _up; // width -> hidden, or the fused gate and up: width -> 2 * hidden
    private readonly Linear _down; // hidden -> width
    private readonly Dropout _dropout;

    /// <summary>Adds the layer's parameters: <c>up</c>, or <c>gate_up</c> with SwiGLU, and <c>down</c>.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="config">Its shape.</param>
    public FeedForward(ParameterScope scope, FeedForwardConfig config)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(config.Width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.HiddenWidth, 1);
        var (width, hidden) = (config.Width, config.HiddenWidth);
        _activation = config.Activation;
        _up = _activation == FeedForwardActivation.SwiGlu
            ? new Linear(scope.Child("gate_up"), width, [hidden, hidden], config.Bias, config.Deviation)
            : new Linear(scope.Child("up"), width, hidden, config.Bias, config.Deviation);
        _down = new Linear(scope.Child("down"), hidden, width, config.Bias, config.OutputDeviation ?? config.Deviation);
        _dropout = new Dropout(scope, config.Dropout);
    }

    /// <summary>What the layer finds.</summary>
    /// <param name="x">(batch, time, width): the normalised residual stream.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of x.</returns>
    public Tensor Forward(Tensor x, ForwardContext context)
    {
        using var before = _up.Forward(x, context); // (batch, time, hidden or 2 * hidden)
        using var hidden = Activate(before); // (batch, time, hidden)
        return _dropout.ForwardInPlace(_down.Forward(hidden, context), context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _up.Dispose();
        _down.Dispose();
    }

    private Tensor Activate(Tensor x) => _activation switch
    {
        FeedForwardActivation.SwiGlu => x.SwiGlu(),
        FeedForwardActivation.Gelu => x.Gelu(),
        FeedForwardActivation.GeluTanh => x.GeluTanh(),
        FeedForwardActivation.Silu => x.Silu(),
        FeedForwardActivation.Relu => x.Relu(),
        _ => x.ReluSquared(),
    };
}

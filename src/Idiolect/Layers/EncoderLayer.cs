using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The shape of a layer of an encoder.</summary>
public sealed record EncoderLayerConfig
{
    /// <summary>The width of the stream, a multiple of the heads.</summary>
    public required int Width { get; init; }

    /// <summary>Attention heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>The hidden width of the feed-forward network.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>The activation of the feed-forward network.</summary>
    public FeedForwardActivation Activation { get; init; } = FeedForwardActivation.Gelu;

    /// <summary>Pre-norm instead of post-norm.</summary>
    public bool NormFirst { get; init; }

    /// <summary>What the norms add to a variance.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>The probability with which an activation is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The standard deviation of the attention matrices' first values.</summary>
    public double AttentionDeviation { get; init; } = 0.02;

    /// <summary>That of the feed-forward matrices'.</summary>
    public double FeedForwardDeviation { get; init; } = 0.02;
}

/// <summary>A layer of an encoder: attention in which every token sees all others, then a feed-forward network (Vaswani et al. 2017, section 3.1).</summary>
public sealed class EncoderLayer : IDisposable
{
    private readonly ResidualNorm _attentionNorm;
    private readonly SelfAttention _attention;
    private readonly ResidualNorm _feedForwardNorm;
    private readonly FeedForward _feedForward;

    /// <summary>Adds the layer's parameters: <c>attention_norm</c>, <c>attention</c>, <c>feed_forward_norm</c>, <c>feed_forward</c>.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="config">Its shape.</param>
    public EncoderLayer(ParameterScope scope, EncoderLayerConfig config)
    {
        _attentionNorm = new ResidualNorm(scope.Child("attention_norm"), config.Width, config.NormEpsilon, config.NormFirst);
        _attention = new SelfAttention(scope.Child("attention"), new SelfAttentionConfig
        {
            Width = config.Width,
            HeadCount = config.HeadCount,
            Bias = true,
            Causal = false,
            Dropout = config.Dropout,
            Deviation = config.AttentionDeviation,
        });
        _feedForwardNorm = new ResidualNorm(scope.Child("feed_forward_norm"), config.Width, config.NormEpsilon, config.NormFirst);
        _feedForward = new FeedForward(scope.Child("feed_forward"), new FeedForwardConfig
        {
            Width = config.Width,
            HiddenWidth = config.FeedForwardWidth,
            Activation = config.Activation,
            Bias = true,
            Dropout = config.Dropout,
            Deviation = config.FeedForwardDeviation,
        });
    }

    /// <summary>The stream after the layer; its handle before ends.</summary>
    /// <param name="stream">(batch, time, width): the residual stream.</param>
    /// <param name="positions">(batch, time).</param>
    /// <param name="lengths">(batch): the rows of each sequence that are no padding.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of the stream.</returns>
    public Tensor ForwardInPlace(Tensor stream, IntegerTensor positions, IntegerTensor lengths, ForwardContext context)
    {
        using var before = stream;
        using var attentionInput = _attentionNorm.Before(before, context);
        using var between = _attentionNorm.AfterInPlace(before, _attention.Forward(attentionInput, positions, context, lengths), context);
        using var feedForwardInput = _feedForwardNorm.Before(between, context);
        return _feedForwardNorm.AfterInPlace(between, _feedForward.Forward(feedForwardInput, context), context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _attention.Dispose();
        _feedForward.Dispose();
    }
}

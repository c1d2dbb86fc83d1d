using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>A layer of an encoder: attention in which every token sees all others, then a feed-forward network (Vaswani et al. 2017, section 3.1).</summary>
internal sealed class EncoderLayer : IDisposable
{
    private readonly ResidualNorm _attentionNorm;
    private readonly SelfAttention _attention;
    private readonly ResidualNorm _feedForwardNorm;
    private readonly FeedForward _feedForward;

    /// <summary>Adds the layer's parameters.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="width">The width of the stream.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="hidden">The hidden width of the feed-forward network.</param>
    /// <param name="activation">Its activation.</param>
    /// <param name="epsilon">What the norms add to a variance.</param>
    /// <param name="dropout">The probability with which an activation is dropped in training.</param>
    /// <param name="normFirst">Pre-norm instead of post-norm.</param>
    /// <param name="attentionDeviation">Of the attention matrices' first values.</param>
    /// <param name="feedForwardDeviation">Of the feed-forward matrices' first values.</param>
    internal EncoderLayer(
        ParameterScope scope, int width, int heads, int hidden, FeedForwardActivation activation, float epsilon, float dropout, bool normFirst,
        double attentionDeviation, double feedForwardDeviation)
    {
        _attentionNorm = new ResidualNorm(scope.Child("attention_norm"), width, epsilon, normFirst);
        _attention = new SelfAttention(
            scope.Child("attention"), width, heads, heads, width / heads, bias: true, normalizeQueryKey: false, epsilon, rotary: null, dropout,
            attentionDeviation, attentionDeviation, causal: false);
        _feedForwardNorm = new ResidualNorm(scope.Child("feed_forward_norm"), width, epsilon, normFirst);
        _feedForward = new FeedForward(
            scope.Child("feed_forward"), activation, width, hidden, bias: true, dropout, feedForwardDeviation, feedForwardDeviation);
    }

    /// <summary>(batch, time, width) to the same; the stream's handle is consumed.</summary>
    /// <param name="stream">The residual stream.</param>
    /// <param name="positions">(batch, time) integers.</param>
    /// <param name="lengths">(batch) integers: the rows of each sequence that are no padding.</param>
    /// <param name="context">The pass.</param>
    internal Tensor Forward(Tensor stream, Tensor positions, Tensor lengths, ForwardContext context)
    {
        using var before = stream;
        using var attentionInput = _attentionNorm.Before(before, context);
        using var between = _attentionNorm.After(before, _attention.Forward(attentionInput, positions, 0, context, lengths), context);
        using var feedForwardInput = _feedForwardNorm.Before(between, context);
        return _feedForwardNorm.After(between, _feedForward.Forward(feedForwardInput, context), context);
    }

    public void Dispose()
    {
        _attention.Dispose();
        _feedForward.Dispose();
    }
}

using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>The shape of an encoder that predicts masked tokens; the defaults beside the sizes are those of Devlin et al. 2019.</summary>
public sealed record BertConfig : IModelConfig
{
    /// <inheritdoc/>
    public required int VocabularySize { get; init; }

    /// <summary>The most tokens of a text.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Layers, one after the other.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Attention heads; a divisor of the width.</summary>
    public required int HeadCount { get; init; }

    /// <summary>The width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>The hidden width of the feed-forward layers; by default 4 * width.</summary>
    public int FeedForwardWidth { get => field != 0 ? field : 4 * Width; init; }

    /// <summary>Kinds of segments that a text may consist of. Ours are always of the first kind; published models tell two sentences apart.</summary>
    public int TokenTypeCount { get; init; } = 2;

    /// <summary>What is added to a variance before its root is taken.</summary>
    public float NormEpsilon { get; init; } = 1e-12f;

    /// <summary>The probability with which an activation is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The token that begins and ends a text; null where the vocabulary has none.</summary>
    public int? BeginningOfTextId { get; init; }

    /// <summary>The number of learned numbers that the shape has; <see cref="long.MaxValue"/> if they are more than that.</summary>
    public long ParameterCount
    {
        get
        {
            Int128 width = Width; // 128 bits: a hostile file may claim any sizes
            var norm = 2 * width;
            var embeddings = (width * ((Int128)VocabularySize + ContextLength + TokenTypeCount)) + norm;
            var layer = (4 * width * (width + 1)) + (2 * width * FeedForwardWidth) + FeedForwardWidth + width + (2 * norm);
            var head = (width * (width + 1)) + norm + VocabularySize;
            return (long)Int128.Min(embeddings + (LayerCount * layer) + head, long.MaxValue);
        }
    }

    /// <summary>
    /// 6 for each parameter and 12 * layers * width * context for attention (Chowdhery et al. 2022, appendix B); of the output layer only
    /// the 15 % of tokens count that are predicted.
    /// </summary>
    public double TrainingFlopsPerToken
        => (6.0 * (ParameterCount - (0.85 * VocabularySize * Width))) + (12.0 * LayerCount * Width * ContextLength);

    /// <summary>Checks that the numbers fit each other.</summary>
    /// <exception cref="ArgumentException">One does not; the message names it.</exception>
    public void Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(ContextLength, nameof(ContextLength));
        Positive(LayerCount, nameof(LayerCount));
        Positive(HeadCount, nameof(HeadCount));
        Positive(Width, nameof(Width));
        Positive(FeedForwardWidth, nameof(FeedForwardWidth));
        Positive(TokenTypeCount, nameof(TokenTypeCount));
        Require(Width % HeadCount == 0, nameof(Width), $"{Width} must be a multiple of the {HeadCount} heads.");
        Require(NormEpsilon > 0f && float.IsFinite(NormEpsilon), nameof(NormEpsilon), $"{NormEpsilon} must be a positive number.");
        Require(Dropout is >= 0f and < 1f, nameof(Dropout), $"{Dropout} must be at least 0 and below 1.");
        Require(ParameterCount < 1L << 40, nameof(Width), $"a model of {ParameterCount:N0} parameters is more than any machine holds.");
    }
}

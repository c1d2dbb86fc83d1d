using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>The shape of an encoder-decoder transformer; the defaults beside the sizes are those of Vaswani et al. 2017.</summary>
public sealed record EncoderDecoderConfig : ISequenceToSequenceConfig
{
    /// <inheritdoc/>
    public required int VocabularySize { get; init; }

    /// <inheritdoc/>
    public int MaximumLength { get; init; } = 512;

    /// <summary>The width of the residual streams.</summary>
    public required int Width { get; init; }

    /// <summary>Attention heads; a divisor of the width.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Layers of the encoder.</summary>
    public required int EncoderLayerCount { get; init; }

    /// <summary>Layers of the decoder.</summary>
    public required int DecoderLayerCount { get; init; }

    /// <summary>The hidden width of the feed-forward layers; by default 4 * width.</summary>
    public int FeedForwardWidth { get => field != 0 ? field : 4 * Width; init; }

    /// <summary>Whether layers normalise what they read (pre-norm) instead of the stream that they wrote to (post-norm).</summary>
    public bool NormFirst { get; init; }

    /// <summary>What is added to a variance before its root is taken.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>The probability with which an activation is dropped in training.</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>The share of each target that goes to all tokens alike in training (Szegedy et al. 2016).</summary>
    public float LabelSmoothing { get; init; } = 0.1f;

    /// <summary>The number of learned numbers that the shape has.</summary>
    public long ParameterCount
    {
        get
        {
            Int128 width = Width;
            var attention = (4 * width * width) + (4 * width);
            var feedForward = (2 * width * FeedForwardWidth) + FeedForwardWidth + width;
            var norm = 2 * width;
            var encoder = EncoderLayerCount * (attention + feedForward + (2 * norm));
            var decoder = DecoderLayerCount * ((2 * attention) + feedForward + (3 * norm));
            var count = (VocabularySize * width) + encoder + decoder + (NormFirst ? 2 * norm : 0);
            return count < long.MaxValue ? (long)count : long.MaxValue;
        }
    }

    /// <inheritdoc/>
    public void Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(MaximumLength, nameof(MaximumLength));
        Positive(Width, nameof(Width));
        Positive(HeadCount, nameof(HeadCount));
        Positive(EncoderLayerCount, nameof(EncoderLayerCount));
        Positive(DecoderLayerCount, nameof(DecoderLayerCount));
        Positive(FeedForwardWidth, nameof(FeedForwardWidth));
        Require(Width % HeadCount == 0, nameof(Width), $"{Width} must be a multiple of the {HeadCount} heads.");
        Require(NormEpsilon > 0f && float.IsFinite(NormEpsilon), nameof(NormEpsilon), $"{NormEpsilon} must be a positive number.");
        Require(Dropout is >= 0f and < 1f, nameof(Dropout), $"{Dropout} must be at least 0 and below 1.");
        Require(LabelSmoothing is >= 0f and < 1f, nameof(LabelSmoothing), $"{LabelSmoothing} must be at least 0 and below 1.");
        Require(ParameterCount < 1L << 40, nameof(Width), $"a model of {ParameterCount:N0} parameters is more than any machine holds.");
        Require((long)MaximumLength * Width < 1L << 26, nameof(MaximumLength), $"{MaximumLength} is too large.");
    }
}

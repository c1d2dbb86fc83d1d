using Idiolect.Kernels;
using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>The shape of an LSTM encoder-decoder.</summary>
public sealed record RecurrentSequenceToSequenceConfig : ISequenceToSequenceConfig
{
    /// <inheritdoc/>
    public required int VocabularySize { get; init; }

    /// <inheritdoc/>
    public int MaximumLength { get; init; } = 512;

    /// <summary>The width of the embedding and of each layer's state.</summary>
    public required int Width { get; init; }

    /// <summary>Layers of the encoder, and of the decoder.</summary>
    public required int LayerCount { get; init; }

    /// <summary>
    /// Whether the decoder attends to all states of the encoder (Bahdanau et al. 2015, Luong et al. 2015); otherwise all that
    /// it knows of the source is one fixed vector (Sutskever et al. 2014, Cho et al. 2014).
    /// </summary>
    public bool Attention { get; init; } = true;

    /// <summary>The probability with which an activation between layers is dropped in training.</summary>
    public float Dropout { get; init; } = 0.1f;

    /// <summary>The share of each target that goes to all tokens alike in training (Szegedy et al. 2016).</summary>
    public float LabelSmoothing { get; init; } = 0.1f;

    /// <summary>The number of learned numbers that the shape has.</summary>
    public long ParameterCount
    {
        get
        {
            Int128 width = Width;
            var linear = (width * width) + width;
            var cell = RecurrentCell.Lstm.GateCount() * ((2 * width * width) + width);
            var count = (VocabularySize * width) + (LayerCount * ((3 * cell) + (2 * linear))) + (Attention ? 4 * linear : 0);
            return count < long.MaxValue ? (long)count : long.MaxValue;
        }
    }

    /// <inheritdoc/>
    public void Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(MaximumLength, nameof(MaximumLength));
        Positive(Width, nameof(Width));
        Positive(LayerCount, nameof(LayerCount));
        Require(Dropout is >= 0f and < 1f, nameof(Dropout), $"{Dropout} must be at least 0 and below 1.");
        Require(LabelSmoothing is >= 0f and < 1f, nameof(LabelSmoothing), $"{LabelSmoothing} must be at least 0 and below 1.");
        Require(ParameterCount < 1L << 40, nameof(Width), $"a model of {ParameterCount:N0} parameters is more than any machine holds.");
    }
}

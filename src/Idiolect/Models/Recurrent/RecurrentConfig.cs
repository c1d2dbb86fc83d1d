using Idiolect.Kernels;
using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>The shape of a recurrent language model.</summary>
public sealed record RecurrentConfig : IModelConfig
{
    /// <summary>The cell of every layer.</summary>
    public RecurrentCell Cell { get; init; } = RecurrentCell.Lstm;

    /// <inheritdoc/>
    public required int VocabularySize { get; init; }

    /// <summary>The tokens of one segment in training: how far gradients flow back. The state itself reaches further.</summary>
    public required int ContextLength { get; init; }

    /// <summary>As the state reaches beyond a segment, a text is measured in longer windows, each from an empty state.</summary>
    public int EvaluationLength => Math.Max(ContextLength, 1024);

    /// <summary>Recurrent layers, one above the other.</summary>
    public required int LayerCount { get; init; }

    /// <summary>The width of the embedding and of each layer's state.</summary>
    public required int Width { get; init; }

    /// <summary>The first bias of an LSTM's forget gates: above 0 they remember from the start (Jozefowicz et al. 2015).</summary>
    public float ForgetBias { get; init; } = 1f;

    /// <summary>Whether the output layer is the embedding's matrix (Press and Wolf 2017).</summary>
    public bool TiedEmbedding { get; init; } = true;

    /// <summary>The probability with which an activation between layers is dropped in training (Zaremba et al. 2014).</summary>
    public float Dropout { get; init; }

    /// <summary>The token that begins a text, and ends it; null where the vocabulary has none.</summary>
    public int? BeginningOfTextId { get; init; }

    /// <summary>The number of learned numbers that the shape has; <see cref="long.MaxValue"/> if they are more than that.</summary>
    public long ParameterCount
    {
        get
        {
            Int128 gates = (Int128)Cell.GateCount() * Width; // 128 bits: a hostile file may claim any sizes
            var layer = (2 * gates * Width) + (Cell == RecurrentCell.Gru ? 2 * gates : gates);
            var embedding = (Int128)Width * VocabularySize * (TiedEmbedding ? 1 : 2);
            return (long)Int128.Min(embedding + (LayerCount * layer), long.MaxValue);
        }
    }

    /// <summary>6 for each parameter (Kaplan et al. 2020, section 2.1); a recurrent network has no further term.</summary>
    public double TrainingFlopsPerToken => 6.0 * ParameterCount;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One makes no sense; the message names it.</exception>
    public void Validate()
    {
        Require(Enum.IsDefined(Cell), nameof(Cell), $"{Cell} is no cell.");
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(ContextLength, nameof(ContextLength));
        Positive(LayerCount, nameof(LayerCount));
        Positive(Width, nameof(Width));
        Require(float.IsFinite(ForgetBias), nameof(ForgetBias), $"{ForgetBias} must be a number.");
        Require(Dropout is >= 0f and < 1f, nameof(Dropout), $"{Dropout} must be at least 0 and below 1.");
        Require(ParameterCount < 1L << 40, nameof(Width), $"a model of {ParameterCount:N0} parameters is more than any machine holds.");
    }
}

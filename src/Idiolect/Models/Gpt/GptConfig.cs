using Idiolect.Layers;
using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>
/// The shape of a decoder-only transformer. The defaults are the Llama family's (Touvron et al. 2023); <see cref="Gpt2"/>
/// gives GPT-2's (Radford et al. 2019).
/// </summary>
public sealed record GptConfig : IModelConfig
{
    /// <summary>Tokens that the model knows.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The most positions that it attends over.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Blocks, one after the other.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Attention heads for queries.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Attention heads for keys and values; a divisor of <see cref="HeadCount"/>.</summary>
    public int KeyValueHeadCount { get => field == 0 ? HeadCount : field; init; }

    /// <summary>The width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>The size of a head; by default the width divided by the heads.</summary>
    public int HeadSize { get => field == 0 ? Width / Math.Max(1, HeadCount) : field; init; }

    /// <summary>The hidden width of the feed-forward layers; by default 4 * width, or 8/3 * width in multiples of 32 for SwiGLU.</summary>
    public int FeedForwardWidth
    {
        get => field != 0 ? field
            : Activation == FeedForwardActivation.SwiGlu ? ((8 * Width / 3) + 31) / 32 * 32
            : 4 * Width;
        init;
    }

    /// <summary>The activation between the feed-forward matrices.</summary>
    public FeedForwardActivation Activation { get; init; } = FeedForwardActivation.SwiGlu;

    /// <summary>The normalisation before each layer and before the output.</summary>
    public NormKind Norm { get; init; } = NormKind.RmsNorm;

    /// <summary>What is added to a variance before its root is taken.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Whether linear layers and LayerNorm have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether positions are learned vectors added to the embedding; otherwise they are rotations (RoPE).</summary>
    public bool LearnedPositions { get; init; }

    /// <summary>The base of the rotation frequencies.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Whether queries and keys are normalised head by head before they are rotated (as in Qwen3).</summary>
    public bool NormalizeQueryKey { get; init; }

    /// <summary>Whether the output layer is the embedding's matrix.</summary>
    public bool TiedEmbedding { get; init; }

    /// <summary>The probability with which an activation is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The token that begins a text; null where the vocabulary has none.</summary>
    public int? BeginningOfTextId { get; init; }

    /// <summary>The tokens that end a text; none where <see cref="BeginningOfTextId"/> does.</summary>
    public IReadOnlyList<int> EndOfTextIds { get; init; } = [];

    /// <summary>GPT-2's shape: learned positions, LayerNorm, GELU, biases, tied embedding.</summary>
    /// <param name="vocabularySize">Tokens.</param>
    /// <param name="contextLength">Positions.</param>
    /// <param name="layerCount">Blocks.</param>
    /// <param name="headCount">Heads.</param>
    /// <param name="width">The residual stream's width.</param>
    public static GptConfig Gpt2(int vocabularySize, int contextLength, int layerCount, int headCount, int width) => new()
    {
        VocabularySize = vocabularySize,
        ContextLength = contextLength,
        LayerCount = layerCount,
        HeadCount = headCount,
        Width = width,
        Activation = FeedForwardActivation.GeluTanh,
        Norm = NormKind.LayerNorm,
        Bias = true,
        LearnedPositions = true,
        TiedEmbedding = true,
    };

    /// <summary>The number of learned numbers that the shape has; <see cref="long.MaxValue"/> if they are more than that.</summary>
    public long ParameterCount
    {
        get
        {
            // A hostile file may claim any sizes: 128 bits hold the product of four of them.
            Int128 width = Width;
            var attention = width * (HeadCount + (2 * (Int128)KeyValueHeadCount)) * HeadSize;
            var output = width * HeadCount * HeadSize;
            var feedForward = (Activation == FeedForwardActivation.SwiGlu ? 3 : 2) * width * FeedForwardWidth;
            var norm = Norm == NormKind.LayerNorm && Bias ? 2 * width : width;
            var biases = !Bias ? 0
                : ((HeadCount + (2 * (Int128)KeyValueHeadCount)) * HeadSize) + width
                    + ((Activation == FeedForwardActivation.SwiGlu ? 2 : 1) * (Int128)FeedForwardWidth) + width;
            Int128 queryKey = NormalizeQueryKey ? 2L * HeadSize : 0;
            var embedding = width * VocabularySize * (TiedEmbedding ? 1 : 2);
            var total = embedding + (LearnedPositions ? width * ContextLength : 0) + norm
                + (LayerCount * (attention + output + feedForward + (2 * norm) + biases + queryKey));
            return (long)Int128.Min(total, long.MaxValue);
        }
    }

    /// <summary>
    /// Floating-point operations to train on one token: 6 for each parameter and 12 * layers * width * context for attention
    /// (Chowdhery et al. 2022, appendix B).
    /// </summary>
    public double TrainingFlopsPerToken => (6.0 * ParameterCount) + (12.0 * LayerCount * HeadCount * HeadSize * ContextLength);

    /// <summary>Checks that the numbers fit each other.</summary>
    /// <exception cref="ArgumentException">One does not; the message names it.</exception>
    public void Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Positive(ContextLength, nameof(ContextLength));
        Positive(LayerCount, nameof(LayerCount));
        Positive(HeadCount, nameof(HeadCount));
        Positive(Width, nameof(Width));
        Positive(KeyValueHeadCount, nameof(KeyValueHeadCount));
        Positive(FeedForwardWidth, nameof(FeedForwardWidth));
        Require(HeadSize > 0, nameof(HeadSize), $"{HeadSize} must be positive: is the width smaller than the number of heads?");
        Require(HeadCount % KeyValueHeadCount == 0, nameof(KeyValueHeadCount), $"{KeyValueHeadCount} must divide the {HeadCount} heads.");
        Require(HeadSize * (long)HeadCount == Width || HeadSize != Width / HeadCount, nameof(Width), $"{Width} must be a multiple of the {HeadCount} heads.");
        Require(LearnedPositions || HeadSize % 2 == 0, nameof(HeadSize), $"{HeadSize} must be even for rotary positions.");
        Require(Dropout is >= 0f and < 1f, nameof(Dropout), $"{Dropout} must be at least 0 and below 1.");
        Require(NormEpsilon > 0f && float.IsFinite(NormEpsilon), nameof(NormEpsilon), $"{NormEpsilon} must be a positive number.");
        Require(
            RopeTheta > 0 && float.IsFinite((float)RopeTheta), nameof(RopeTheta), $"{RopeTheta} must be a positive number that 32 bits hold.");
        Require(ParameterCount < 1L << 40, nameof(Width), $"a model of {ParameterCount:N0} parameters is more than any machine holds.");
        RequireMatrix(VocabularySize, nameof(VocabularySize));
        RequireMatrix(LearnedPositions ? ContextLength : 0, nameof(ContextLength));
        RequireMatrix((HeadCount + (2 * (Int128)KeyValueHeadCount)) * HeadSize, nameof(HeadSize));
        RequireMatrix((Activation == FeedForwardActivation.SwiGlu ? 2 : 1) * (Int128)FeedForwardWidth, nameof(FeedForwardWidth));

        void RequireMatrix(Int128 rows, string name) => Require(
            rows * Width <= int.MaxValue, name, $"a matrix of {rows:N0} by {Width:N0} has more than the {int.MaxValue:N0} numbers that a buffer is read and written in.");
    }
}

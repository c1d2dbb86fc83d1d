using Idiolect.Layers;
using Idiolect.Tensors;
using static Idiolect.Models.Requirement;

namespace Idiolect.Models;

/// <summary>The shape of an n-gram model.</summary>
public sealed record NGramConfig : IModelConfig
{
    /// <summary>The longest n-gram that is allowed.</summary>
    internal const int HighestOrder = 32;

    /// <inheritdoc/>
    public required int VocabularySize { get; init; }

    /// <summary>The longest n-gram: the model looks at order - 1 tokens before the one that it predicts.</summary>
    public required int Order { get; init; }

    /// <summary>The number of different n-grams of all orders that were counted.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>The token that begins a text, and ends it; null where the vocabulary has none.</summary>
    public int? BeginningOfTextId { get; init; }

    /// <summary>The tokens of a window in evaluation: so many that a window's beginning, which lacks context, hardly counts.</summary>
    public int ContextLength => 4096;

    /// <summary>None: counting is no arithmetic of that kind.</summary>
    public double TrainingFlopsPerToken => 0;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One makes no sense; the message names it.</exception>
    public void Validate()
    {
        Positive(VocabularySize, nameof(VocabularySize));
        Require(ParameterCount >= 0, nameof(ParameterCount), $"{ParameterCount} must not be negative.");
        Require(Order is >= 1 and <= HighestOrder, nameof(Order), $"{Order} must lie between 1 and {HighestOrder}.");
    }
}

/// <summary>
/// A language model without a network: how often the text had each token after the last few (interpolated modified
/// Kneser-Ney, Chen and Goodman 1998). It has nothing to train by gradients; it is made by counting.
/// </summary>
public sealed class NGram : ILanguageModel
{
    private double[] _probabilities = []; // (vocabulary), from the first pass on

    internal NGram(NGramConfig config, KneserNeyModel<int> counts)
    {
        (Config, Counts) = (config, counts);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public NGramConfig Config { get; }

    /// <summary>None.</summary>
    public ParameterSet Parameters { get; } = new();

    IModelConfig IModel.Config => Config;

    internal KneserNeyModel<int> Counts { get; }

    /// <summary>Counts the n-grams of a text.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="vocabularySize">Tokens are below it.</param>
    /// <param name="order">The longest n-gram.</param>
    /// <param name="beginningOfTextId">The token that begins a text; null where there is none.</param>
    /// <param name="cancellationToken">Stops the counting.</param>
    /// <exception cref="ArgumentException">The order or the vocabulary makes no sense.</exception>
    public static NGram Train(
        ReadOnlySpan<int> tokens, int vocabularySize, int order, int? beginningOfTextId = null, CancellationToken cancellationToken = default)
    {
        var config = new NGramConfig
        {
            VocabularySize = vocabularySize,
            Order = order,
            ParameterCount = 0,
            BeginningOfTextId = beginningOfTextId,
        };
        config.Validate();
        var counts = new KneserNeyModel<int>(order, vocabularySize, tokens, cancellationToken);
        return new NGram(config with { ParameterCount = counts.NGramCount }, counts);
    }

    /// <inheritdoc/>
    public Tensor Forward(ReadOnlySpan<int> tokens, int batch, ForwardContext context, bool lastOnly = false)
    {
        var time = TokenIds.Time(tokens, batch, Config.VocabularySize, nameof(tokens));
        var memory = Check(context.Memory, batch);
        var rows = lastOnly ? 1 : time;
        var vocabulary = Config.VocabularySize;
        var scores = new float[(long)batch * rows * vocabulary];
        _probabilities = _probabilities.Length == vocabulary ? _probabilities : new double[vocabulary];
        var texts = memory == null ? tokens : memory.Append(tokens); // (batch, kept + time)
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var text = texts.Slice(sequence * (texts.Length / batch), texts.Length / batch);
            for (var row = 0; row < rows; row++)
            {
                Counts.Distribution(text[..(text.Length - (rows - 1) + row)], _probabilities);
                var here = scores.AsSpan(((sequence * rows) + row) * vocabulary, vocabulary);
                for (var id = 0; id < here.Length; id++)
                {
                    here[id] = (float)Math.Log(_probabilities[id]);
                }
            }
        }
        return context.Tape.CreateFrom(new Shape(batch, rows, Config.VocabularySize), scores);
    }

    /// <inheritdoc/>
    /// <remarks>The result has no gradient.</remarks>
    public Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context)
    {
        var time = TokenIds.Time(tokens, batch, Config.VocabularySize, nameof(tokens));
        if (targets.Length != tokens.Length)
        {
            throw new ArgumentException($"{targets.Length} targets for {tokens.Length} tokens.", nameof(targets));
        }
        TokenIds.Check(targets, -1, Config.VocabularySize, nameof(targets));
        var memory = Check(context.Memory, batch);
        var nats = 0.0;
        var texts = memory == null ? tokens : memory.Append(tokens); // (batch, kept + time)
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var text = texts.Slice(sequence * (texts.Length / batch), texts.Length / batch);
            for (var t = 0; t < time; t++)
            {
                var target = targets[(sequence * time) + t];
                if (target >= 0)
                {
                    nats -= Math.Log(Counts.Probability(text[..(text.Length - time + t + 1)], target));
                }
            }
        }
        return context.Tape.CreateFrom(new Shape(1), [(float)(nats / Math.Max(1, targets.Length - targets.Count(-1)))]);
    }

    ISequenceMemory ILanguageModel.CreateMemory(int batch) => new TokenMemory(batch, Config.Order - 1);

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    private static TokenMemory? Check(ISequenceMemory? memory, int batch) => memory switch
    {
        null => null,
        TokenMemory held when held.Batch == batch => held,
        TokenMemory held => throw new ArgumentException($"The memory holds {held.Batch} sequences, the input {batch}.", nameof(batch)),
        _ => throw new ArgumentException("The memory was made by a model of another kind.", nameof(memory)),
    };
}

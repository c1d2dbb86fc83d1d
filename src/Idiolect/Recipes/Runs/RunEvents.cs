using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Training;

namespace Idiolect.Recipes;

// What a run reports beside the trainer's own progress: the same records tell a person, a program and the loss curve.

/// <summary>Something that takes a while goes before the first step, or comes after the last.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="What">What is done now, in words.</param>
public sealed record WorkAnnounced(long Step, string What) : TrainingProgress(Step);

/// <summary>A file of the data was passed over.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Name">The file.</param>
/// <param name="Reason">Why.</param>
public sealed record FileSkipped(long Step, string Name, string Reason) : TrainingProgress(Step);

/// <summary>Data, tokenizer and model are ready.</summary>
/// <param name="Step">Steps done before, in a run that goes on.</param>
public sealed record TrainingStarted(long Step) : TrainingProgress(Step)
{
    /// <summary>The run's folder.</summary>
    public required string Run { get; init; }

    /// <summary>All that makes the run.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Learned numbers of the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>The real size; a char or byte tokenizer decides it itself.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Of both sides of the corpus.</summary>
    public required int Documents { get; init; }

    /// <summary>In UTF-8, of both sides of the corpus.</summary>
    public required long Bytes { get; init; }

    /// <summary>Tokens to learn from.</summary>
    public required long TrainTokens { get; init; }

    /// <summary>Tokens held out.</summary>
    public required long ValidationTokens { get; init; }

    /// <summary>Of a classification, the texts to learn from.</summary>
    public int TrainTexts { get; init; }

    /// <summary>Of a classification, what texts may be.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Threads that it trains on.</summary>
    public required int Threads { get; init; }

    /// <summary>Tokens a second that the machine would reach if it did nothing but the model's multiplications: the unit of MFU.</summary>
    public double? PeakTokensPerSecond { get; init; }
}

/// <summary>The sentence pairs of a translation are read and divided.</summary>
/// <param name="Step">Steps done.</param>
public sealed record PairsDivided(long Step) : TrainingProgress(Step)
{
    /// <summary>The pairs.</summary>
    public required ParallelCorpus Corpus { get; init; }

    /// <summary>What was held out: <see cref="DataRecipe.Split"/>.</summary>
    public required string Split { get; init; }

    /// <summary>Held-out sentences whose letters stand in the training set.</summary>
    public required int Overlap { get; init; }
}

/// <summary>One of the held-out sentences and its translation by the best checkpoint.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Source">The sentence.</param>
/// <param name="Translation">The model's.</param>
/// <param name="Reference">The corpus's.</param>
public sealed record SentenceTranslated(long Step, string Source, string Translation, string Reference) : TrainingProgress(Step);

/// <summary>What the model writes at an evaluation.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Text">The text.</param>
public sealed record TextSampled(long Step, string Text) : TrainingProgress(Step);

/// <summary>The last event of a run that ended by itself or was interrupted in order.</summary>
/// <param name="Step">Steps done in all.</param>
public sealed record TrainingFinished(long Step) : TrainingProgress(Step)
{
    /// <summary>The run's folder.</summary>
    public required string Run { get; init; }

    /// <summary>What the run learned: <see cref="Recipe.Task"/>.</summary>
    public required string Task { get; init; }

    /// <summary>Of the best checkpoint, in nats a token; NaN when it was never measured.</summary>
    public required double ValidationLoss { get; init; }

    /// <summary>Of the best checkpoint, in bits a byte; NaN when it was never measured.</summary>
    public required double BitsPerByte { get; init; }

    /// <summary>Bytes of validation text that were measured; 0 for the estimate of an interrupted run.</summary>
    public long MeasuredBytes { get; init; }

    /// <summary>The share of right answers, where the model gives answers: masked tokens, labels.</summary>
    public double? Accuracy { get; init; }

    /// <summary>From the first step of this process to the last: steps, evaluations, samples and saves, without reading the data.</summary>
    public required TimeSpan TrainTime { get; init; }

    /// <summary>Why it ended.</summary>
    public required EndReason Reason { get; init; }

    /// <summary>What methods without a neural network reach on the same held-out text.</summary>
    public IReadOnlyList<BaselineResult> Baselines { get; init; } = [];

    /// <summary>The scores of a translation.</summary>
    public TranslationScores? Translation { get; init; }

    /// <summary>The scores of a classification.</summary>
    public ClassificationScores? Classification { get; init; }

    /// <summary>A held-out text to try the model with, on one line; null where none is wanted.</summary>
    public string? Example { get; init; }

    /// <summary>Whether more steps would change nothing: an n-gram model has counted all of its text.</summary>
    public bool IsComplete { get; init; }

    /// <summary>Whether it was interrupted and can go on.</summary>
    public bool Interrupted => Reason == EndReason.Interrupted;
}

using Idiolect.Cli.Options;

namespace Idiolect.Cli.Output;

/// <summary>Something that happened in a training run, in the order in which it did.</summary>
internal abstract record TrainingEvent;

/// <summary>Data, tokenizer and model are ready.</summary>
internal sealed record TrainingStarted : TrainingEvent
{
    /// <summary>The run's folder.</summary>
    public required string Run { get; init; }

    public required TrainingSetup Setup { get; init; }

    public required long Parameters { get; init; }

    /// <summary>The real size; a char or byte tokenizer decides it itself.</summary>
    public required int VocabularySize { get; init; }

    public required long TrainTokens { get; init; }

    public required long ValidationTokens { get; init; }

    public required int Threads { get; init; }

    /// <summary>Steps done before, in a run that goes on.</summary>
    public int StepsDone { get; init; }
}

/// <param name="Step">From 1.</param>
/// <param name="Loss">Nats a token.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Duration">Of this step.</param>
/// <param name="Tokens">Trained on in this step.</param>
/// <param name="PeakShare">Model FLOPs done as a share of what the machine can do (MFU), when its peak is known.</param>
internal sealed record StepCompleted(
    int Step, double Loss, double LearningRate, double GradientNorm, TimeSpan Duration, long Tokens, double? PeakShare) : TrainingEvent
{
    internal double TokensPerSecond => Tokens / Duration.TotalSeconds;
}

/// <param name="Step">Steps done.</param>
/// <param name="TrainLoss">Nats a token.</param>
/// <param name="ValidationLoss">Nats a token, on held-out documents.</param>
/// <param name="BitsPerByte">The validation loss, freed of the tokenizer.</param>
/// <param name="Best">Whether no earlier evaluation was as good.</param>
internal sealed record EvaluationCompleted(int Step, double TrainLoss, double ValidationLoss, double BitsPerByte, bool Best) : TrainingEvent;

/// <summary>What the model writes at an evaluation.</summary>
internal sealed record TextSampled(int Step, string Text) : TrainingEvent;

internal sealed record CheckpointSaved(int Step, string Folder) : TrainingEvent;

/// <param name="Step">The step that changed nothing.</param>
/// <param name="Tensor">The first one that was not finite.</param>
internal sealed record StepSkipped(int Step, string Tensor) : TrainingEvent;

/// <summary>The last event of a run that ended by itself or was interrupted in order.</summary>
internal sealed record TrainingFinished : TrainingEvent
{
    public required string Run { get; init; }

    /// <summary>Steps done in all.</summary>
    public required int Steps { get; init; }

    /// <summary>Of the best checkpoint, in nats a token; NaN when it was never measured.</summary>
    public required double ValidationLoss { get; init; }

    public required double BitsPerByte { get; init; }

    /// <summary>Time spent in steps, evaluations and saves, without reading the data.</summary>
    public required TimeSpan TrainTime { get; init; }

    public bool Interrupted { get; init; }

    /// <summary>What compressors reach on the same held-out text, in bits a byte: the honest rivals.</summary>
    public IReadOnlyList<(string Name, double BitsPerByte)> Rivals { get; init; } = [];
}

using System.Text.Json.Serialization;

namespace Idiolect.Training;

/// <summary>
/// What a training run reports: a closed set of records, below. As JSON they are the lines of <c>metrics.jsonl</c>
/// (<see cref="MetricsLog"/>), told apart by <c>event</c>.
/// </summary>
/// <param name="Step">The number of steps taken so far, so 1 for the first; the point of the run that this belongs to.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(StepCompleted), "step")]
[JsonDerivedType(typeof(StepSkipped), "skipped")]
[JsonDerivedType(typeof(EvaluationCompleted), "eval")]
[JsonDerivedType(typeof(CheckpointSaved), "checkpoint")]
[JsonDerivedType(typeof(CheckpointDamaged), "damaged")]
[JsonDerivedType(typeof(MetricsDamaged), "metricsDamaged")]
[JsonDerivedType(typeof(RunChanged), "changed")]
[JsonDerivedType(typeof(TrainingEnded), "ended")]
public abstract record TrainingProgress(long Step);

/// <summary>A step changed the parameters.</summary>
/// <param name="Step">The number of steps taken.</param>
/// <param name="Loss">The mean training loss over the step's tokens, in nats a token.</param>
/// <param name="LearningRate">The learning rate used.</param>
/// <param name="GradientNorm">The Euclidean norm of all gradients before clipping.</param>
/// <param name="Milliseconds">The duration.</param>
/// <param name="TokensPerSecond">The tokens trained on a second.</param>
public sealed record StepCompleted(
    long Step,
    double Loss,
    double LearningRate,
    double GradientNorm,
    [property: JsonPropertyName("ms")] double Milliseconds,
    double TokensPerSecond) : TrainingProgress(Step);

/// <summary>A step was left out because a number in it was not finite; the parameters are as before.</summary>
/// <param name="Step">The number of steps taken, this one included.</param>
/// <param name="Reason">What was not finite.</param>
/// <param name="Tensor">The first tensor that went bad; "loss" or "gradients" where that or their norm alone did.</param>
public sealed record StepSkipped(long Step, string Reason, string Tensor) : TrainingProgress(Step);

/// <summary>The model was measured on data that it does not learn from.</summary>
/// <param name="Step">The number of steps taken.</param>
/// <param name="TrainLoss">The loss on training data without dropout, in nats a token.</param>
/// <param name="ValidationLoss">The loss on held-out data, in nats a token.</param>
/// <param name="BitsPerByte">The same, in bits a byte of UTF-8 text: comparable between tokenizers.</param>
/// <param name="IsBest">True when no evaluation of the run was better.</param>
/// <param name="Accuracy">The share of right answers on held-out data, where the model gives answers: masked tokens, labels.</param>
public sealed record EvaluationCompleted(
    long Step,
    double TrainLoss,
    [property: JsonPropertyName("valLoss")] double ValidationLoss,
    double BitsPerByte,
    bool IsBest,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Accuracy = null) : TrainingProgress(Step);

/// <summary>A checkpoint is safely on disk.</summary>
/// <param name="Step">The number of steps taken.</param>
/// <param name="Path">Its folder.</param>
public sealed record CheckpointSaved(long Step, string Path) : TrainingProgress(Step);

/// <summary>A checkpoint was found damaged on resume and passed over.</summary>
/// <param name="Step">The step in its name.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record CheckpointDamaged(long Step, string Path, string Reason) : TrainingProgress(Step);

/// <summary>Lines of the run's metrics were found damaged on resume and left out; no weight depends on them.</summary>
/// <param name="Step">The step that the run goes on from.</param>
/// <param name="Lines">Their numbers, from 1.</param>
public sealed record MetricsDamaged(long Step, IReadOnlyList<int> Lines) : TrainingProgress(Step);

/// <summary>The run goes on with other options or data than it was saved with: its weights will not be those of the first run.</summary>
/// <param name="Step">The step that it goes on from.</param>
/// <param name="Changes">What changed.</param>
public sealed record RunChanged(long Step, IReadOnlyList<RunChange> Changes) : TrainingProgress(Step);

/// <summary>Something that a resumed run does not have in common with the run that was saved, and that its weights depend on.</summary>
/// <param name="Name">The property of <see cref="TrainingOptions"/>, or "Data".</param>
/// <param name="Before">The value in the checkpoint, as text; of the data, its hash.</param>
/// <param name="Now">The value from here on.</param>
public sealed record RunChange(string Name, string Before, string Now)
{
    /// <summary>In words: "LearningRate is 0.0003 (was 0.001)".</summary>
    public override string ToString() => Name == "Data" ? "the data are others" : $"{Name} is {Now} (was {Before})";
}

/// <summary>Why a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EndReason>))]
public enum EndReason
{
    /// <summary>All steps were taken.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>The validation loss no longer fell (<see cref="TrainingOptions.EarlyStopPatience"/>).</summary>
    [JsonStringEnumMemberName("early_stop")]
    EarlyStop,

    /// <summary>The caller cancelled; the run can be resumed.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted,
}

/// <summary>The run is over; the last report.</summary>
/// <param name="Step">The number of steps taken.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="BestValidationLoss">The lowest validation loss in nats a token; null without an evaluation.</param>
/// <param name="TrainSeconds">The duration since start or resume.</param>
public sealed record TrainingEnded(long Step, EndReason Reason, double? BestValidationLoss, double TrainSeconds) : TrainingProgress(Step);

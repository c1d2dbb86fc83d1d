using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>What happened in a run so far.</summary>
internal sealed class TrainingHistory
{
    internal TrainingHistory(IReadOnlyList<TrainingProgress> progress)
    {
        Steps = [.. progress.OfType<StepCompleted>()];
        Evaluations = [.. progress.OfType<EvaluationCompleted>()];
        StepsDone = progress.Count == 0 ? 0 : progress.Max(news => news.Step);
    }

    internal IReadOnlyList<StepCompleted> Steps { get; }

    internal IReadOnlyList<EvaluationCompleted> Evaluations { get; }

    internal long StepsDone { get; }

    internal EvaluationCompleted? Best => Evaluations.MinBy(evaluation => evaluation.ValidationLoss);

    internal TimeSpan StepTime => TimeSpan.FromMilliseconds(Steps.Sum(step => step.Milliseconds));

    /// <summary>Reads a run's metrics; a missing file is an empty history.</summary>
    internal static TrainingHistory Read(string folder)
    {
        var file = Path.Combine(folder, MetricsLog.FileName);
        return new TrainingHistory(File.Exists(file) ? MetricsLog.Read(file) : []);
    }
}

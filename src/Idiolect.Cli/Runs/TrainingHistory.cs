using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>What happened in a run so far.</summary>
internal sealed class TrainingHistory
{
    internal TrainingHistory(IReadOnlyList<TrainingProgress> progress)
    {
        Steps = [.. progress.OfType<StepCompleted>()];
        Evaluations = [.. progress.OfType<EvaluationCompleted>()];
        // A damaged checkpoint carries the step in its name, which the run that passed it over has yet to reach again.
        StepsDone = progress.Where(news => news is not CheckpointDamaged).Select(news => news.Step).DefaultIfEmpty().Max();
    }

    internal IReadOnlyList<StepCompleted> Steps { get; }

    internal IReadOnlyList<EvaluationCompleted> Evaluations { get; }

    internal long StepsDone { get; }

    internal EvaluationCompleted? Best =>
        Evaluations.Where(evaluation => double.IsFinite(evaluation.ValidationLoss)).MinBy(evaluation => evaluation.ValidationLoss);

    internal TimeSpan StepTime => TimeSpan.FromMilliseconds(Steps.Sum(step => step.Milliseconds));

    /// <summary>Reads a run's metrics; a missing file is an empty history.</summary>
    internal static TrainingHistory Read(string folder)
    {
        var file = Path.Combine(folder, MetricsLog.FileName);
        return new TrainingHistory(File.Exists(file) ? MetricsLog.Read(file) : []);
    }
}

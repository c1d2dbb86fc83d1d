using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>What happened in a run so far.</summary>
public sealed class TrainingHistory
{
    /// <summary>Sorts what a run reported.</summary>
    /// <param name="progress">Its reports, in their order.</param>
    public TrainingHistory(IReadOnlyList<TrainingProgress> progress)
    {
        Steps = [.. progress.OfType<StepCompleted>()];
        Evaluations = [.. progress.OfType<EvaluationCompleted>()];
        // A damaged checkpoint carries the step in its name, which the run that passed it over has yet to reach again.
        StepsDone = progress.Where(news => news is not CheckpointDamaged).Select(news => news.Step).DefaultIfEmpty().Max();
    }

    /// <summary>The numbers, from 1, of damaged lines of the metrics, which are left out.</summary>
    public IReadOnlyList<int> DamagedLines { get; private init; } = [];

    /// <summary>The steps that changed the weights.</summary>
    public IReadOnlyList<StepCompleted> Steps { get; }

    /// <summary>The evaluations.</summary>
    public IReadOnlyList<EvaluationCompleted> Evaluations { get; }

    /// <summary>The steps taken, those without effect included.</summary>
    public long StepsDone { get; }

    /// <summary>The evaluation with the lowest validation loss; null before the first.</summary>
    public EvaluationCompleted? Best =>
        Evaluations.Where(evaluation => double.IsFinite(evaluation.ValidationLoss)).MinBy(evaluation => evaluation.ValidationLoss);

    /// <summary>The time of all steps.</summary>
    public TimeSpan StepTime => TimeSpan.FromMilliseconds(Steps.Sum(step => step.Milliseconds));

    /// <summary>
    /// Reads a run's metrics; a missing file is an empty history. Steps after the newest intact checkpoint did not happen, unless the run is going on:
    /// a process that was killed took them, and who resumes the run takes them again.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    public static TrainingHistory Read(string folder)
    {
        var file = Path.Combine(folder, MetricsLog.FileName);
        if (!File.Exists(file))
        {
            return new TrainingHistory([]);
        }
        var last = RunLock.IsHeld(folder) ? null : new CheckpointStore(folder).FindNewestIntact(out _);
        var progress = MetricsLog.Read(file, out var damaged);
        return new TrainingHistory(last is null ? progress : [.. progress.Where(news => news.Step <= last.Step)]) { DamagedLines = damaged };
    }
}

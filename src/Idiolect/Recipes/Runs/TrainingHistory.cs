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

    /// <summary>Reads a run's metrics; a missing file is an empty history.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="InvalidDataException">A line before the last is damaged.</exception>
    public static TrainingHistory Read(string folder)
    {
        var file = Path.Combine(folder, MetricsLog.FileName);
        return new TrainingHistory(File.Exists(file) ? MetricsLog.Read(file) : []);
    }
}

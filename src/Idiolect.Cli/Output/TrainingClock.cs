using Idiolect.Recipes;

namespace Idiolect.Cli.Output;

/// <summary>Estimates the time left: what the steps so far took, evaluations and saves included, for each that is still to come.</summary>
internal sealed class TrainingClock(TimeProvider time)
{
    private long begin;
    private long stepsBefore;
    private int steps;

    internal void Start(TrainingStarted started)
    {
        begin = time.GetTimestamp();
        stepsBefore = started.Step;
        steps = started.Recipe.Optimizer.Steps;
    }

    internal TimeSpan TimeLeft(long step)
    {
        var done = step - stepsBefore;
        return done <= 0 ? TimeSpan.Zero : time.GetElapsedTime(begin) * ((double)Math.Max(0, steps - step) / done);
    }
}

using Idiolect.Evaluation;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

/// <summary>The events of a made-up run, as the outputs get them.</summary>
internal static class Events
{
    private static readonly Recipe Recipe = Recipe.Preset("llama-tiny").Resolve(() => false);

    internal static TrainingStarted Started(string run = "runs/quiet-harbor", int steps = 300) => new(0)
    {
        Run = run,
        Recipe = Recipe with { Optimizer = Recipe.Optimizer with { Steps = steps } },
        Parameters = 1_234_567,
        VocabularySize = 2048,
        TrainTokens = 2_000_000,
        ValidationTokens = 200_000,
        Documents = 1000,
        Bytes = 9_000_000,
        Threads = 2,
        PeakTokensPerSecond = 40960 / 0.62,
    };

    internal static StepCompleted Step(int step, double? loss = null) => new(
        step, loss ?? (2 + (5 * Math.Exp(-step / 60.0)) + (0.1 * Math.Sin(step * 1.7))), 1e-3, 0.7, 50, 40960);

    internal static EvaluationCompleted Evaluation(int step) => new(
        step, 2 + (5 * Math.Exp(-step / 60.0)), 2.1 + (5 * Math.Exp(-step / 60.0)), 1.2 + (3 * Math.Exp(-step / 60.0)), IsBest: true);

    internal static TrainingFinished Finished(string run = "runs/quiet-harbor", bool interrupted = false) => new(300)
    {
        Run = run,
        Task = Recipe.Task,
        ValidationLoss = 2.1337,
        BitsPerByte = 1.2202,
        TrainTime = TimeSpan.FromSeconds(125.5),
        Reason = interrupted ? EndReason.Interrupted : EndReason.Completed,
        Baselines = [new BaselineResult("xz", 1.55, 1000, 1), new BaselineResult("n-gram", null, 1000, 1, "not measured: too long")],
    };

    internal static IEnumerable<TrainingProgress> Run(string run = "runs/quiet-harbor")
    {
        yield return Started(run);
        for (var step = 1; step <= 300; step++)
        {
            yield return Step(step);
            if (step % 100 == 0)
            {
                yield return Evaluation(step);
                yield return new TextSampled(step, "Gets the\nvalue\e[31m.");
            }
        }
        yield return Finished(run);
    }
}

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;

namespace Idiolect.Cli.Tests;

/// <summary>The events of a made-up run, as the outputs get them.</summary>
internal static class Events
{
    internal static TrainingStarted Started(string run = "runs/quiet-harbor", int steps = 300) => new()
    {
        Run = run,
        Setup = Presets.Get("llama-tiny") with { Steps = steps },
        Parameters = 1_234_567,
        VocabularySize = 2048,
        TrainTokens = 2_000_000,
        ValidationTokens = 200_000,
        Threads = 2,
    };

    internal static StepCompleted Step(int step, double? loss = null) => new(
        step, loss ?? (2 + (5 * Math.Exp(-step / 60.0)) + (0.1 * Math.Sin(step * 1.7))), 1e-3, 0.7, TimeSpan.FromMilliseconds(50), 2048, 0.62);

    internal static EvaluationCompleted Evaluation(int step) => new(
        step, 2 + (5 * Math.Exp(-step / 60.0)), 2.1 + (5 * Math.Exp(-step / 60.0)), 1.2 + (3 * Math.Exp(-step / 60.0)), Best: true);

    internal static TrainingFinished Finished(string run = "runs/quiet-harbor", bool interrupted = false) => new()
    {
        Run = run,
        Steps = 300,
        ValidationLoss = 2.1337,
        BitsPerByte = 1.2202,
        TrainTime = TimeSpan.FromSeconds(125.5),
        Interrupted = interrupted,
        Rivals = [("xz", 1.55), ("n-gram", 1.61)],
    };

    internal static IEnumerable<TrainingEvent> Run(string run = "runs/quiet-harbor")
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

using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Hears a run: remembers it as the latest, draws its pictures, and passes the news on.</summary>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
internal sealed class RunProgress(string folder, NamedRuns runs, ITrainingOutput output) : IProgress<TrainingProgress>
{
    /// <summary>Shows the progress.</summary>
    internal ITrainingOutput Output => output;

    /// <summary>Whether it has come to its steps, so that there is something to save.</summary>
    internal bool HasStarted { get; private set; }

    /// <summary>What is done before or after the steps, in words; null within them.</summary>
    internal string? Phase { get; private set; } = "starting";

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case WorkAnnounced work:
                Phase = work.What;
                break;
            case TrainingStarted:
                (Phase, HasStarted) = (null, true);
                break;
            case CheckpointSaved:
                runs.Remember(folder);
                break;
            case TrainingEnded:
                LossPlot.Save(TrainingHistory.Read(folder), folder);
                break;
            case TrainingFinished { Classification: { } scores }:
                ConfusionPlot.Save(scores, folder);
                break;
        }
        output.Report(value);
    }
}

using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Commands;

/// <summary>Hears a run: remembers it as the latest, draws its pictures, and passes the news on.</summary>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
internal sealed class RunProgress(string folder, NamedRuns runs, ITrainingOutput output) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        switch (value)
        {
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

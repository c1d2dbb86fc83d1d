using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Shows a training run: to a person at a terminal, as plain lines, or as JSON lines.</summary>
internal interface ITrainingOutput : IProgress<TrainingProgress>
{
    /// <summary>Does the work; what it reports meanwhile is shown.</summary>
    Task RunAsync(Func<Task> work);
}

using System.Diagnostics;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>This executable once more, training a run: begun if there is no checkpoint, continued otherwise.</summary>
internal static class TrainingProcess
{
    internal const string Verb = "train-until-killed";

    /// <summary>Saves at every step, so that most of the time is spent saving.</summary>
    internal static TrainingOptions Options { get; } = TinyRun.Options with
    {
        Steps = 40, CheckpointEvery = 1, EvaluateEvery = 5, EvaluationBatches = 1, BatchSize = 1,
    };

    /// <summary>The child's part: prints "saved STEP" once a checkpoint is safe; one line on the error stream and 1 on failure.</summary>
    internal static int Train(string run)
    {
        var tell = new TinyRun.Listener(progress =>
        {
            if (progress is CheckpointSaved or CheckpointDamaged)
            {
                Console.WriteLine($"{(progress is CheckpointSaved ? "saved" : "damaged")} {progress.Step}");
            }
        });
        try
        {
            using var data = TinyRun.Data();
            if (new CheckpointStore(run).Checkpoints.Count > 0)
            {
                using var resumed = TinyRun.Resume(run, data, options => options with { Threads = 1 }, out var model);
                using (model)
                {
                    resumed.Run(tell);
                }
            }
            else
            {
                using var model = TinyRun.Model();
                using var trainer = TinyRun.New(model, data, Options, run);
                trainer.Run(tell);
            }
            return 0;
        }
        catch (IOException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    /// <summary>Starts the child.</summary>
    internal static Process Start(string run) => Start(["dotnet", .. Arguments(run)]);

    /// <summary>What follows "dotnet" on the child's command line.</summary>
    internal static string[] Arguments(string run) => [typeof(TrainingProcess).Assembly.Location, Verb, run];

    internal static Process Start(params string[] command)
        => Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}

using System.Diagnostics;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>This executable once more, training a run: begun if there is no checkpoint, continued otherwise.</summary>
internal static class TraineeProcess
{
    internal const string Verb = "train-until-killed";

    /// <summary>Saves at every step, so that most of the time is spent saving.</summary>
    internal static TrainingOptions Options { get; } = TinyRun.Options with
    {
        Steps = 120, CheckpointEvery = 1, EvaluateEvery = 5, EvaluationBatches = 1, BatchSize = 1,
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
                using var resumed = Trainer.Resume(run, _ => data, options => options with { Threads = 1 }, out var model);
                using (model)
                {
                    resumed.Run(tell);
                }
            }
            else
            {
                using var model = TinyRun.Model();
                using var trainer = new Trainer(model, data, Options, run);
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

    /// <summary>Starts the child, by way of a shell that prepares for it if <paramref name="shell"/> is given.</summary>
    internal static Process Start(string run, string? shell = null)
    {
        string[] child = [Path.ChangeExtension(typeof(TraineeProcess).Assembly.Location, ".dll"), Verb, run];
        var start = shell is null
            ? new ProcessStartInfo("dotnet", child)
            : new ProcessStartInfo("/bin/sh", ["-c", $"{shell}; exec dotnet \"$@\"", "sh", .. child]);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start)!;
    }
}

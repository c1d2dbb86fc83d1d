using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>What every run that takes steps has in common, whatever it learns.</summary>
/// <param name="setup">All settings.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
internal sealed class TrainingSession(TrainingSetup setup, string folder, RunFolders runs, ITrainingOutput output)
{
    /// <summary>Trains, draws the loss and reports the end.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="started">What is told before the first step.</param>
    /// <param name="pending">The folder of a new run, kept from the first checkpoint on.</param>
    /// <param name="sample">Shows at an evaluation what the model does; null for nothing.</param>
    /// <param name="finish">Measures the best checkpoint.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    internal EndReason Train(
        Trainer trainer, TrainingStarted started, PendingFolder? pending, Func<string>? sample, Func<TrainingEnded, TrainingFinished> finish,
        CancellationToken cancellationToken)
    {
        RunFile.WriteSetup(folder, setup with { Data = PathThatLasts(setup.Data) });
        output.Report(started);
        // Who stops to read, or a full disk behind the output, ends the run like Ctrl+C: after the step in progress, and saved.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IOException? lost = null;
        var ended = trainer.Run(new Listener(Tell), stop.Token);
        LossPlot.Save(TrainingHistory.Read(folder), folder);
        if (lost is not null)
        {
            throw Saved(lost, ended.Step);
        }
        try
        {
            var finished = Finish();
            output.Report(finished);
            return finished.Reason;
        }
        catch (BrokenPipeException exception)
        {
            throw Saved(exception, ended.Step);
        }

        TrainingFinished Finish()
        {
            try
            {
                return finish(ended);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Trained and saved, but not measured, which a resumed run does.
                return Estimate(ended with { Reason = EndReason.Interrupted });
            }
        }

        void Tell(TrainingProgress news)
        {
            try
            {
                Hear(news, pending, sample, silent: lost is not null);
            }
            catch (IOException exception)
            {
                lost = exception;
                stop.Cancel();
            }
        }
    }

    /// <summary>Passes the library's news on.</summary>
    internal void Hear(TrainingProgress news, PendingFolder? pending, Func<string>? sample, bool silent = false)
    {
        if (news is CheckpointSaved)
        {
            pending?.Keep();
            runs.Remember(folder);
        }
        if (silent)
        {
            return;
        }
        output.Report(news);
        if (sample is not null && news is EvaluationCompleted evaluation && double.IsFinite(evaluation.ValidationLoss))
        {
            output.Report(new TextSampled(news.Step, sample()));
        }
    }

    /// <summary>What is said of a run that is saved, but whose news could not be told.</summary>
    internal IOException Saved(IOException lost, long step)
        => new($"{lost.Message}; saved after step {step}, to go on: {TrainingText.ResumeCommand(folder, Verb)}", lost);

    /// <summary>The end of a run as its evaluations estimated it, which is all that an interrupted run has.</summary>
    internal TrainingFinished Estimate(TrainingEnded ended)
    {
        var best = TrainingHistory.Read(folder).Best;
        return new TrainingFinished(ended.Step)
        {
            Run = folder,
            ValidationLoss = best?.ValidationLoss ?? double.NaN,
            BitsPerByte = best?.BitsPerByte ?? double.NaN,
            Accuracy = best?.Accuracy,
            TrainTime = TimeSpan.FromSeconds(ended.TrainSeconds),
            Reason = ended.Reason,
            Verb = Verb,
        };
    }

    private string Verb => setup.Classifies ? "tune" : "train";

    // A run may be resumed from another folder than it was started in.
    internal static string PathThatLasts(string source)
        => source is Corpus.DotnetDocs or ParallelCorpus.DotnetResources ? source : Path.GetFullPath(source);

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}

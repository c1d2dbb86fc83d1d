using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>What every run that takes steps has in common, whatever it learns.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="progress">Hears of it; may be null.</param>
internal sealed class RunSession(Recipe recipe, string folder, IProgress<TrainingProgress>? progress)
{
    private long? _savedStep;

    /// <summary>Tells of something.</summary>
    /// <exception cref="ProgressLostException">Whoever listens cannot hear, and something is saved by now.</exception>
    /// <exception cref="IOException">The same, before anything was.</exception>
    internal void Report(TrainingProgress news)
    {
        try
        {
            progress?.Report(news);
        }
        catch (IOException lost) when (_savedStep is { } step)
        {
            throw new ProgressLostException(lost, folder, step);
        }
    }

    /// <summary>Trains and measures.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="started">What is told before the first step.</param>
    /// <param name="pending">The folder of a new run, kept from the first checkpoint on.</param>
    /// <param name="sample">Shows at an evaluation what the model does; null for nothing.</param>
    /// <param name="finish">Measures the best checkpoint.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    internal TrainingFinished Train(
        Trainer trainer, TrainingStarted started, PendingFolder? pending, Func<string?>? sample, Func<TrainingEnded, TrainingFinished> finish,
        CancellationToken cancellationToken)
    {
        if (pending is not null)
        {
            Run.WriteRecipe(folder, recipe);
        }
        else
        {
            Run.WriteResumedRecipe(folder, recipe, trainer.Departs);
        }
        Report(started);
        // Who stops to read, or a full disk behind the output, ends the run like a cancellation: after the step in progress, and saved.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IOException? lost = null;
        var ended = trainer.Run(new Listener(Tell), stop.Token);
        _savedStep = ended.Step;
        if (lost is not null)
        {
            throw new ProgressLostException(lost is ProgressLostException { InnerException: IOException inner } ? inner : lost, folder, ended.Step);
        }
        var finished = Finish();
        Report(finished);
        return finished;

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

    /// <summary>Passes the trainer's news on.</summary>
    internal void Hear(TrainingProgress news, PendingFolder? pending, Func<string?>? sample, bool silent = false)
    {
        if (news is CheckpointSaved saved)
        {
            pending?.Keep();
            _savedStep = saved.Step;
        }
        if (silent)
        {
            return;
        }
        Report(news);
        if (sample is not null && progress is not null && news is EvaluationCompleted evaluation && double.IsFinite(evaluation.ValidationLoss)
            && sample() is { } text)
        {
            Report(new TextSampled(news.Step, text));
        }
    }

    /// <summary>The end of a run as its evaluations estimated it, which is all that an interrupted run has.</summary>
    internal TrainingFinished Estimate(TrainingEnded ended)
    {
        var best = TrainingHistory.Read(folder).Best;
        return new TrainingFinished(ended.Step)
        {
            Run = folder,
            Task = recipe.Task,
            ValidationLoss = best?.ValidationLoss ?? double.NaN,
            BitsPerByte = best?.BitsPerByte ?? double.NaN,
            Accuracy = best?.Accuracy,
            TrainTime = TimeSpan.FromSeconds(ended.TrainSeconds),
            Reason = ended.Reason,
        };
    }

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}

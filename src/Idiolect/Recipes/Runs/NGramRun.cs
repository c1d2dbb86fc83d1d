using System.Diagnostics;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of an n-gram model, which takes no steps: its text is counted once, and the run is complete.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal sealed class NGramRun(Recipe recipe, string folder, RunSession session)
{
    /// <summary>Counts. The folder is made when data and tokenizer are known to be good, and stays once it holds the model.</summary>
    internal TrainingFinished Start(CancellationToken cancellationToken)
    {
        var corpus = ReadCorpus(cancellationToken);
        session.Report(new WorkAnnounced(0, recipe.MakesTokenizer ? "training the tokenizer" : "turning text into tokens"));
        var tokenizer = recipe.CreateTokenizer(corpus, cancellationToken);
        using var data = TrainingData.Encode(corpus, tokenizer, new ReadingProgress(session), cancellationToken);
        session.Report(new WorkAnnounced(0, $"counting n-grams of up to {recipe.Model.Order} tokens"));
        using var pending = new PendingFolder(folder);
        using var held = RunLock.Create(folder);
        if (new CheckpointStore(folder).Checkpoints.Count > 0)
        {
            throw new IOException($"'{folder}' holds a run already: choose another folder.");
        }
        var watch = Stopwatch.StartNew();
        var tokens = new int[data.Training.TokenCount];
        data.Training.CopyTo(0, tokens);
        using var model = new LanguageModel(
            NGram.Train(tokens, tokenizer.VocabularySize, recipe.Model.Order, tokenizer.BeginningOfTextId, cancellationToken), tokenizer);
        var milliseconds = watch.Elapsed.TotalMilliseconds;
        Run.WriteRecipe(folder, recipe);
        session.Report(CorpusRun.Describe(recipe, folder, model.Model.Config, tokenizer, corpus, data));
        using var metrics = MetricsLog.Open(Path.Combine(folder, MetricsLog.FileName), 0);
        var training = Measurement.Take(model, data.Training, recipe.Evaluation.Batches, threads: 0, cancellationToken).Result;
        Tell(new StepCompleted(1, training.Loss, 0, 0, milliseconds, tokens.Length / milliseconds * 1000));
        var validation = data.Validation is { } heldOut ? Measurement.Take(model, heldOut, 0, threads: 0, cancellationToken).Result : (EvaluationResult?)null;
        if (validation is { } measured)
        {
            Tell(new EvaluationCompleted(1, training.Loss, measured.Loss, measured.BitsPerByte, IsBest: true));
        }
        var checkpoint = new CheckpointStore(folder, recipe.Evaluation.KeepCheckpoints).Save(1, model.Save, validation?.Loss);
        Tell(new CheckpointSaved(checkpoint.Step, checkpoint.Path));
        var ended = new TrainingEnded(1, EndReason.Completed, validation?.Loss, milliseconds / 1000);
        metrics.Append(ended);
        return Finish(ended, corpus, data, cancellationToken);

        void Tell(TrainingProgress news)
        {
            metrics.Append(news);
            session.Hear(news, pending, () => LanguageModelRun.Sample(model, recipe));
        }
    }

    /// <summary>A run that is complete has nothing to go on with; it says again what it reached.</summary>
    internal TrainingFinished MeasureAgain(CancellationToken cancellationToken)
    {
        var corpus = ReadCorpus(cancellationToken);
        using var model = ModelLocation.Open(folder, LanguageModel.Load);
        using var data = TrainingData.Encode(corpus, model.Tokenizer, new ReadingProgress(session), cancellationToken);
        session.Report(CorpusRun.Describe(recipe, folder, model.Model.Config, model.Tokenizer, corpus, data) with { Step = 1 });
        return Finish(new TrainingEnded(1, EndReason.Completed, null, 0), corpus, data, cancellationToken);
    }

    private TrainingFinished Finish(TrainingEnded ended, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
    {
        var finished = HeldOut.Measure(session.Estimate(ended), recipe, folder, session, corpus, data, cancellationToken) with { IsComplete = true };
        session.Report(finished);
        return finished;
    }

    private Corpus ReadCorpus(CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        return CorpusRun.Read(recipe, session, cancellationToken);
    }
}

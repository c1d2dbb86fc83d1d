using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of a network that learns to fill gaps.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal sealed class MaskedLanguageModelRun(Recipe recipe, string folder, RunSession session)
{
    private const int SampleTokens = 40;
    private const int SampleEvery = 6; // tokens to a gap

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal TrainingFinished Start(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        session.Report(new WorkAnnounced(0, recipe.Base is null && recipe.Tokenizer.Kind == TokenizerRecipe.Bpe ? "training the tokenizer" : "turning text into tokens"));
        using var model = CreateModel(corpus, cancellationToken);
        using var data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
        data.Training.RequireContext(recipe.Model.ContextLength);
        using var pending = new PendingFolder(folder);
        var options = recipe.ToTrainingOptions();
        using var trainer = new Trainer(new MaskedLanguageModelTask(model.Model, model.Tokenizer, data, options), options, folder);
        return Train(trainer, model, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal TrainingFinished Resume(bool allowOtherData, CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        MaskedLanguageModel? model = null;
        TrainingData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    model = MaskedLanguageModel.Load(checkpoint);
                    data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
                    return new MaskedLanguageModelTask(model.Model, model.Tokenizer, data, options);
                },
                _ => recipe.ToTrainingOptions(), allowOtherData);
            return Train(trainer, model!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            model?.Dispose();
            data?.Dispose();
        }
    }

    private MaskedLanguageModel CreateModel(Corpus corpus, CancellationToken cancellationToken)
    {
        if (recipe.Base is { } trained)
        {
            return ModelLocation.Open(trained.Model, MaskedLanguageModel.Load);
        }
        var tokenizer = recipe.CreateTokenizer(corpus, cancellationToken);
        return new MaskedLanguageModel(recipe.CreateBert(tokenizer), tokenizer);
    }

    private Corpus LoadCorpus()
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        return recipe.LoadCorpus();
    }

    private TrainingFinished Train(
        Trainer trainer, MaskedLanguageModel model, Corpus corpus, TrainingData data, PendingFolder? pending, CancellationToken cancellationToken)
    {
        var threads = recipe.Threads ?? Environment.ProcessorCount;
        var started = new TrainingStarted(trainer.StepsTaken)
        {
            Run = folder,
            Recipe = recipe,
            Parameters = model.Model.Config.ParameterCount,
            VocabularySize = model.Tokenizer.VocabularySize,
            Documents = corpus.Training.Count + corpus.Validation.Count,
            Bytes = corpus.TrainingBytes + corpus.ValidationBytes,
            TrainTokens = data.Training.TokenCount,
            ValidationTokens = data.Validation?.TokenCount ?? 0,
            Threads = threads,
            PeakTokensPerSecond = MachinePeak.MeasureGflops(threads, recipe.ToTrainingOptions().Precision) * 1e9 / model.Model.Config.TrainingFlopsPerToken,
        };
        return session.Train(
            trainer, started, pending, () => Sample(model, corpus.Validation[0].Text), ended => Finish(ended, data, cancellationToken), cancellationToken);
    }

    /// <summary>The beginning of a held-out text with gaps, which the model fills: its guesses stand in brackets.</summary>
    private string Sample(MaskedLanguageModel model, string text)
    {
        var tokens = model.Tokenizer.Encode(text).Take(Math.Min(SampleTokens, model.Model.Config.ContextLength / 2)).ToArray();
        var gapped = string.Concat(tokens.Chunk(SampleEvery).Select(
            part => model.Tokenizer.Decode(part.AsSpan(0, part.Length - 1)) + Tokenizer.Mask));
        if (model.Tokenizer.Encode(gapped, allowSpecial: true).Length > model.Model.Config.ContextLength - 2)
        {
            return gapped;
        }
        var guesses = model.Fill(gapped, topK: 1, recipe.Threads ?? 0);
        return string.Concat(gapped.Split(Tokenizer.Mask).Select(
            (piece, i) => i < guesses.Count ? $"{piece}[{(guesses[i].Count > 0 ? guesses[i][0].Token : "")}]" : piece));
    }

    /// <summary>Measures the best checkpoint on all of the validation text; an interrupted run has only the estimates of its evaluations.</summary>
    private TrainingFinished Finish(TrainingEnded ended, TrainingData data, CancellationToken cancellationToken)
    {
        var finished = session.Estimate(ended);
        if (finished.Interrupted || data.Validation is null)
        {
            return finished;
        }
        session.Report(new WorkAnnounced(ended.Step, "measuring the best checkpoint on all of the held-out text"));
        using var best = ModelLocation.Open(folder, MaskedLanguageModel.Load);
        var measured = MaskedMeasurement.Take(best, data.Validation, batches: 0, recipe.Threads ?? 0, cancellationToken);
        return finished with
        {
            ValidationLoss = measured.Result.Loss,
            BitsPerByte = measured.Result.BitsPerByte,
            Accuracy = measured.Result.Accuracy,
            MeasuredBytes = measured.Bytes,
        };
    }
}

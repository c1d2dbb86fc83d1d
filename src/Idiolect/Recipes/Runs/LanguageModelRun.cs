using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of a network that learns to predict the next token.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal sealed class LanguageModelRun(Recipe recipe, string folder, RunSession session)
{
    private const int SampleTokens = 60;

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal TrainingFinished Start(CancellationToken cancellationToken)
    {
        var corpus = ReadCorpus();
        session.Report(new WorkAnnounced(0, recipe.Base is null && recipe.Tokenizer.Kind == TokenizerRecipe.Bpe ? "training the tokenizer" : "turning text into tokens"));
        using var model = CreateModel(corpus, cancellationToken);
        using var data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
        data.Training.RequireContext(recipe.Model.ContextLength);
        using var pending = new PendingFolder(folder);
        var options = recipe.ToTrainingOptions();
        using var trainer = new Trainer(new LanguageModelTask(model.Model, model.Tokenizer, data, options), options, folder);
        return Train(trainer, model, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal TrainingFinished Resume(bool allowOtherData, CancellationToken cancellationToken)
    {
        var corpus = ReadCorpus();
        LanguageModel? model = null;
        TrainingData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    model = LanguageModel.Load(checkpoint);
                    data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
                    return new LanguageModelTask(model.Model, model.Tokenizer, data, options);
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

    private Corpus ReadCorpus()
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        return recipe.LoadCorpus();
    }

    private LanguageModel CreateModel(Corpus corpus, CancellationToken cancellationToken)
    {
        if (recipe.Base is { } trained)
        {
            return ModelLocation.Open(trained.Model, LanguageModel.Load);
        }
        var tokenizer = recipe.CreateTokenizer(corpus, cancellationToken);
        return new LanguageModel(recipe.CreateLanguageModel(tokenizer), tokenizer);
    }

    private TrainingFinished Train(
        Trainer trainer, LanguageModel model, Corpus corpus, TrainingData data, PendingFolder? pending, CancellationToken cancellationToken)
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
            PeakTokensPerSecond = model.Model.Config.TrainingFlopsPerToken is > 0 and var flops
                ? MachinePeak.MeasureGflops(threads, recipe.ToTrainingOptions().Precision) * 1e9 / flops : null,
        };
        return session.Train(
            trainer, started, pending, () => Sample(model, recipe),
            ended => ended.Reason == EndReason.Interrupted ? session.Estimate(ended) : Completed(ended, corpus, data, cancellationToken), cancellationToken);
    }

    /// <summary>A text from nothing. It reads the weights only, so the run is the same with and without it.</summary>
    internal static string Sample(LanguageModel model, Recipe recipe)
    {
        var options = new GenerationOptions { MaxTokens = SampleTokens, Seed = recipe.Seed, Threads = recipe.Threads ?? 0 };
        return string.Concat(model.GenerateAsync("", options).ToBlockingEnumerable());
    }

    /// <summary>Measures the best checkpoint on all of the validation text, and the baselines beside it.</summary>
    private TrainingFinished Completed(TrainingEnded ended, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
        => HeldOut.Measure(ended, recipe, folder, session, corpus, data, cancellationToken);
}

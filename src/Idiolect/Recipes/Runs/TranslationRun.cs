using Idiolect.Data;
using Idiolect.Formats;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run that learns to translate.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal sealed class TranslationRun(Recipe recipe, string folder, RunSession session)
{
    private const int SamplesShown = 10;

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal TrainingFinished Start(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        session.Report(new WorkAnnounced(0, "training the tokenizer"));
        var tokenizer = recipe.CreateTokenizer(corpus, cancellationToken);
        using var translator = new Translator(recipe.CreateSequenceToSequence(tokenizer), tokenizer, recipe.Data.From, recipe.Data.Targets);
        var data = Encode(corpus, translator, cancellationToken);
        using var pending = new PendingFolder(folder);
        var options = recipe.ToTrainingOptions();
        using var trainer = new Trainer(Task(translator, data, options), options, folder);
        return Train(trainer, translator, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal TrainingFinished Resume(bool allowOtherData, CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        Translator? translator = null;
        TranslationData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    translator = Translator.Load(checkpoint);
                    data = Encode(corpus, translator, cancellationToken);
                    return Task(translator, data, options);
                },
                _ => recipe.ToTrainingOptions(), allowOtherData);
            return Train(trainer, translator!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            translator?.Dispose();
        }
    }

    private static TranslationData Encode(ParallelCorpus corpus, Translator translator, CancellationToken cancellationToken)
        => TranslationData.Encode(corpus, translator.Model.Config, translator.Tokenizer, translator.Languages, cancellationToken);

    private static TranslationTask Task(Translator translator, TranslationData data, TrainingOptions options)
        => new(translator.Model, translator.Tokenizer, translator.Languages, data, options);

    private ParallelCorpus LoadCorpus()
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        var corpus = recipe.LoadPairs();
        session.Report(new PairsDivided(0) { Corpus = corpus, Split = recipe.Data.Split, Overlap = corpus.Overlap });
        return corpus;
    }

    private TrainingFinished Train(
        Trainer trainer, Translator translator, ParallelCorpus corpus, TranslationData data, PendingFolder? pending,
        CancellationToken cancellationToken)
        => session.Train(
            trainer,
            new TrainingStarted(trainer.StepsTaken)
            {
                Run = folder,
                Recipe = recipe,
                Parameters = translator.Model.Parameters.Count,
                VocabularySize = translator.Tokenizer.VocabularySize,
                Documents = corpus.Training.Count + corpus.Validation.Count + corpus.Test.Count,
                Bytes = data.Training.TargetBytes + data.Validation.TargetBytes,
                TrainTokens = data.Training.TargetTokens,
                ValidationTokens = data.Validation.TargetTokens,
                Threads = recipe.Threads ?? Environment.ProcessorCount,
            },
            pending, () => Sample(translator, corpus.Validation[0]), ended => Finish(ended, corpus, cancellationToken), cancellationToken);

    private string Sample(Translator translator, SentencePair pair)
        => $"{pair.Source}\n{TranslationMeasurement.Translate(translator, [pair], recipe.Threads ?? 0)[0]}";

    /// <summary>Translates the test sentences with the best checkpoint; an interrupted run has only the estimates of its evaluations.</summary>
    private TrainingFinished Finish(TrainingEnded ended, ParallelCorpus corpus, CancellationToken cancellationToken)
    {
        var finished = session.Estimate(ended);
        if (finished.Interrupted)
        {
            return finished;
        }
        session.Report(new WorkAnnounced(ended.Step, $"translating {corpus.Test.Count} held-out sentences with the best checkpoint"));
        using var translator = ModelLocation.Open(folder, Translator.Load);
        var (translations, scores) = TranslationMeasurement.Take(translator, corpus, recipe.Threads ?? 0, cancellationToken: cancellationToken);
        AtomicFile.Write(
            Path.Combine(folder, Run.TranslationsName),
            string.Concat(corpus.Test.Zip(translations, (pair, translation) => $"{pair.Source}\t{pair.Target}\t{translation}\n")));
        for (var i = 0; i < Math.Min(SamplesShown, corpus.Test.Count); i++)
        {
            var place = (int)((long)i * corpus.Test.Count / SamplesShown); // spread evenly, not chosen
            session.Report(new SentenceTranslated(ended.Step, corpus.Test[place].Source, translations[place], corpus.Test[place].Target));
        }
        return finished with { Translation = scores };
    }
}

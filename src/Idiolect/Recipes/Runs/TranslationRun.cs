using Idiolect.Data;
using Idiolect.Formats;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run that learns to translate.</summary>
/// <inheritdoc/>
internal sealed class TranslationRun(Recipe recipe, string folder, RunSession session)
    : NetworkRun<Translator, ParallelCorpus, TranslationData>(recipe, folder, session)
{
    private const int SamplesShown = 10;

    protected override ParallelCorpus ReadCorpus(CancellationToken cancellationToken)
    {
        var corpus = Recipe.LoadPairs();
        Session.Report(new PairsDivided(0) { Corpus = corpus, Split = Recipe.Data.Split, Overlap = corpus.Overlap });
        return corpus;
    }

    protected override Translator Create(ParallelCorpus corpus, CancellationToken cancellationToken)
    {
        var tokenizer = Recipe.CreateTokenizer(corpus, cancellationToken);
        return new Translator(Recipe.CreateSequenceToSequence(tokenizer), tokenizer, Recipe.Data.From, Recipe.Data.Targets);
    }

    protected override Translator Load(string checkpoint) => Translator.Load(checkpoint);

    protected override TranslationData Encode(ParallelCorpus corpus, Translator translator, CancellationToken cancellationToken)
        => TranslationData.Encode(corpus, translator.Model.Config, translator.Tokenizer, translator.Languages, cancellationToken);

    protected override ITrainingTask CreateTask(Translator translator, TranslationData data, TrainingOptions options)
        => new TranslationTask(translator.Model, translator.Tokenizer, translator.Languages, data, options);

    protected override TrainingStarted Describe(Translator translator, ParallelCorpus corpus, TranslationData data) => new(0)
    {
        Run = Folder,
        Recipe = Recipe,
        Parameters = translator.Model.Parameters.Count,
        VocabularySize = translator.Tokenizer.VocabularySize,
        Documents = corpus.Training.Count + corpus.Validation.Count + corpus.Test.Count,
        Bytes = data.Training.TargetBytes + data.Validation.TargetBytes,
        TrainTokens = data.Training.TargetTokens,
        ValidationTokens = data.Validation.TargetTokens,
        Threads = Recipe.Threads ?? Environment.ProcessorCount,
    };

    protected override string Sample(Translator translator, ParallelCorpus corpus)
        => $"{corpus.Validation[0].Source}\n{TranslationMeasurement.Translate(translator, [corpus.Validation[0]], Recipe.Threads ?? 0)[0]}";

    /// <summary>Translates the test sentences with the best checkpoint.</summary>
    protected override TrainingFinished Measure(
        TrainingFinished estimated, ParallelCorpus corpus, TranslationData data, CancellationToken cancellationToken)
    {
        Session.Report(new WorkAnnounced(estimated.Step, $"translating {corpus.Test.Count} held-out sentences with the best checkpoint"));
        using var translator = ModelLocation.Open(Folder, Translator.Load);
        var (translations, scores) = TranslationMeasurement.Take(translator, corpus, Recipe.Threads ?? 0, cancellationToken: cancellationToken);
        AtomicFile.Write(
            Path.Combine(Folder, Run.TranslationsName),
            string.Concat(corpus.Test.Zip(translations, (pair, translation) => $"{pair.Source}\t{pair.Target}\t{translation}\n")));
        for (var i = 0; i < Math.Min(SamplesShown, corpus.Test.Count); i++)
        {
            var place = (int)((long)i * corpus.Test.Count / SamplesShown); // spread evenly, not chosen
            Session.Report(new SentenceTranslated(estimated.Step, corpus.Test[place].Source, translations[place], corpus.Test[place].Target));
        }
        return estimated with { Translation = scores, Example = ExampleText.Of(corpus.Test[0].Source) };
    }
}

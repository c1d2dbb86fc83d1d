using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;

namespace Idiolect.Cli.Runs;

/// <summary>How well a model translates the test sentences of a corpus.</summary>
/// <param name="Translations">One for each test sentence.</param>
/// <param name="Scores">BLEU and chrF, with the rivals.</param>
internal sealed record TranslationMeasurement(IReadOnlyList<string> Translations, TranslationScores Scores)
{
    /// <param name="translator">The model.</param>
    /// <param name="corpus">The corpus that it was trained on, divided as it was then.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    internal static TranslationMeasurement Take(Translator translator, ParallelCorpus corpus, int threads, CancellationToken cancellationToken)
    {
        var translations = Translate(translator, corpus.Test, threads, cancellationToken);
        return new TranslationMeasurement(translations, TranslationScores.Measure(translations, corpus.Test, corpus.Training));
    }

    /// <summary>Translates each sentence into the language of its pair.</summary>
    internal static string[] Translate(
        Translator translator, IReadOnlyList<SentencePair> pairs, int threads, CancellationToken cancellationToken)
    {
        var options = new TranslationOptions { Threads = threads };
        var translations = new string[pairs.Count];
        foreach (var group in Enumerable.Range(0, pairs.Count).GroupBy(i => pairs[i].Language))
        {
            int[] places = [.. group];
            var found = translator.Translate([.. places.Select(i => pairs[i].Source)], group.Key, options, cancellationToken);
            for (var i = 0; i < places.Length; i++)
            {
                translations[places[i]] = found[i];
            }
        }
        return translations;
    }
}

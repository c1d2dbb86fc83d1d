using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;

namespace Idiolect.Cli.Runs;

/// <summary>How well a model translates the test sentences of a corpus.</summary>
/// <param name="Translations">One for each test sentence.</param>
/// <param name="Scores">BLEU and chrF, with the baselines.</param>
internal sealed record TranslationMeasurement(IReadOnlyList<string> Translations, TranslationScores Scores)
{
    /// <param name="translator">The model.</param>
    /// <param name="corpus">The corpus that it was trained on, divided as it was then.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    /// <param name="to">The target language to measure; null for all.</param>
    /// <exception cref="ArgumentException">The model does not translate into that language.</exception>
    internal static TranslationMeasurement Take(
        Translator translator, ParallelCorpus corpus, int threads, CancellationToken cancellationToken, string? to = null)
    {
        if (to is not null && !translator.To.Contains(to))
        {
            throw new ArgumentException($"this model translates into {string.Join(", ", translator.To)}, not into \"{to}\"{Spelling.DidYouMean(to, translator.To)}");
        }
        SentencePair[] Of(IEnumerable<SentencePair> pairs) => [.. pairs.Where(pair => to is null || pair.Language == to)];
        var test = Of(corpus.Test);
        var translations = Translate(translator, test, threads, cancellationToken);
        return new TranslationMeasurement(translations, TranslationScores.Measure(translations, test, Of(corpus.Training)));
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

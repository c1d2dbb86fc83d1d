using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;

namespace Idiolect.Recipes;

/// <summary>How well a model translates the test sentences of a corpus.</summary>
/// <param name="Translations">One for each test sentence.</param>
/// <param name="Scores">BLEU and chrF, with the baselines.</param>
public sealed record TranslationMeasurement(IReadOnlyList<string> Translations, TranslationScores Scores)
{
    /// <summary>Translates the test sentences and scores the translations.</summary>
    /// <param name="translator">The model.</param>
    /// <param name="corpus">The corpus that it was trained on, divided as it was then.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="to">The target language to measure; null for all.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    /// <exception cref="ArgumentException">The model does not translate into that language.</exception>
    public static TranslationMeasurement Take(
        Translator translator, ParallelCorpus corpus, int threads = 0, string? to = null, CancellationToken cancellationToken = default)
    {
        if (to is not null && !translator.To.Contains(to))
        {
            throw new ArgumentException($"this model translates into {string.Join(", ", translator.To)}, not into \"{to}\"", nameof(to));
        }
        SentencePair[] Of(IEnumerable<SentencePair> pairs) => [.. pairs.Where(pair => to is null || pair.Language == to)];
        var test = Of(corpus.Test);
        var translations = Translate(translator, test, threads, cancellationToken);
        return new TranslationMeasurement(translations, TranslationScores.Measure(translations, test, Of(corpus.Training)));
    }

    /// <summary>Translates each sentence into the language of its pair.</summary>
    /// <param name="translator">The model.</param>
    /// <param name="pairs">The sentences.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    public static string[] Translate(
        Translator translator, IReadOnlyList<SentencePair> pairs, int threads = 0, CancellationToken cancellationToken = default)
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

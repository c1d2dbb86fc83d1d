using Idiolect.Kernels;

namespace Idiolect.Evaluation;

/// <summary>A number and the interval that 95% of resamples of the test set fall into.</summary>
/// <param name="Value">The number on the test set itself.</param>
/// <param name="Low">2.5% of the resamples lie below.</param>
/// <param name="High">2.5% of the resamples lie above.</param>
public sealed record ConfidenceInterval(double Value, double Low, double High)
{
    /// <summary>Whether all of it lies above 0: for a difference, the first is better than the second by more than chance.</summary>
    public bool IsPositive => Low > 0;
}

/// <summary>
/// Paired bootstrap resampling (Koehn 2004, "Statistical significance tests for machine translation evaluation"): how much
/// of a score, or of a difference of two systems on the same sentences, is the choice of sentences.
/// </summary>
public static class PairedBootstrap
{
    private const int Resamples = 1000;
    private const ulong Seed = 12345;

    /// <summary>The BLEU of a system.</summary>
    /// <param name="translations">Its translations.</param>
    /// <param name="references">The reference of each.</param>
    public static ConfidenceInterval Bleu(IReadOnlyList<string> translations, IReadOnlyList<string> references)
        => Resample(references.Count, Score(translations, references));

    /// <summary>How much higher one system's BLEU is than another's.</summary>
    /// <param name="translations">The translations of the one.</param>
    /// <param name="others">The translations of the other.</param>
    /// <param name="references">The reference of each.</param>
    public static ConfidenceInterval BleuDifference(
        IReadOnlyList<string> translations, IReadOnlyList<string> others, IReadOnlyList<string> references)
    {
        var (ours, theirs) = (Score(translations, references), Score(others, references));
        return Resample(references.Count, sentences => ours(sentences) - theirs(sentences));
    }

    private static Func<int[], double> Score(IReadOnlyList<string> translations, IReadOnlyList<string> references)
    {
        if (translations.Count != references.Count || references.Count == 0)
        {
            throw new ArgumentException($"{translations.Count} translations have {references.Count} references.", nameof(translations));
        }
        var counts = translations.Zip(references, (translation, reference) => Evaluation.Bleu.Count(translation, [reference])).ToArray();
        return sentences => Evaluation.Bleu.Score(sentences.Select(sentence => counts[sentence]));
    }

    private static ConfidenceInterval Resample(int count, Func<int[], double> score)
    {
        var values = new double[Resamples];
        Parallel.For(0, Resamples, resample =>
        {
            var key = CounterRandom.Derive(Seed, (ulong)resample);
            values[resample] = score([.. Enumerable.Range(0, count).Select(i => (int)(CounterRandom.Uniform(key, (ulong)i) * count))]);
        });
        Array.Sort(values);
        return new ConfidenceInterval(score([.. Enumerable.Range(0, count)]), values[Resamples / 40], values[Resamples - 1 - (Resamples / 40)]);
    }
}

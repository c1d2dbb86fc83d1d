using System.Runtime.InteropServices;
using System.Text;

namespace Idiolect.Evaluation;

/// <summary>
/// chrF2 (Popović 2015): the F-score, recall counting twice as much, of character n-grams up to 6 without white space, as
/// sacreBLEU computes it by default, from 0 to 100.
/// </summary>
public static class ChrF
{
    /// <summary>What sacreBLEU would print for a single reference, so that scores can be compared.</summary>
    public const string Signature = "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no";

    private const int Orders = 6;
    private const double BetaSquared = 4;

    /// <summary>The score of a corpus.</summary>
    /// <param name="translations">The translations.</param>
    /// <param name="references">For each translation, one or more references; the best match counts.</param>
    public static double Score(IReadOnlyList<string> translations, IReadOnlyList<IReadOnlyList<string>> references)
    {
        if (translations.Count != references.Count)
        {
            throw new ArgumentException($"{translations.Count} translations have {references.Count} references.", nameof(references));
        }
        return Score(translations.Zip(references, (translation, all) => all.Select(one => Count(translation, one)).MaxBy(counts => Score([counts]))!));
    }

    /// <summary>The score of a corpus with one reference a translation.</summary>
    /// <param name="translations">The translations.</param>
    /// <param name="references">The reference of each.</param>
    public static double Score(IReadOnlyList<string> translations, IReadOnlyList<string> references)
        => Score(translations, [.. references.Select(reference => new[] { reference })]);

    /// <summary>For each order: n-grams of the translation, of the reference, and of both.</summary>
    internal static long[] Count(string translation, string reference)
    {
        var (ours, theirs) = (Characters(translation), Characters(reference));
        var counts = new long[3 * Orders];
        for (var order = 1; order <= Orders; order++)
        {
            var at = 3 * (order - 1);
            var (left, right) = (NGrams(ours, order), NGrams(theirs, order));
            counts[at] = theirs.Length < order ? 0 : Math.Max(0, ours.Length - order + 1); // as sacreBLEU 2: where nothing could be hit, nothing is missed
            counts[at + 1] = Math.Max(0, theirs.Length - order + 1);
            counts[at + 2] = left.Sum(gram => Math.Min(gram.Value, right.GetValueOrDefault(gram.Key)));
        }
        return counts;
    }

    /// <summary>The score of the sum of some sentences' <see cref="Count"/>.</summary>
    internal static double Score(IEnumerable<long[]> sentences)
    {
        var sum = new long[3 * Orders];
        foreach (var counts in sentences)
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += counts[i];
            }
        }
        var (precision, recall, orders) = (0.0, 0.0, 0);
        for (var at = 0; at < sum.Length; at += 3)
        {
            if (sum[at] > 0 && sum[at + 1] > 0)
            {
                precision += (double)sum[at + 2] / sum[at];
                recall += (double)sum[at + 2] / sum[at + 1];
                orders++;
            }
        }
        return precision + recall == 0
            ? 0
            : 100 * (1 + BetaSquared) * (precision / orders) * (recall / orders) / ((BetaSquared * precision / orders) + (recall / orders));
    }

    /// <summary>The code points that are not white space.</summary>
    private static int[] Characters(string text)
        => [.. text.EnumerateRunes().Where(rune => !Rune.IsWhiteSpace(rune)).Select(rune => rune.Value)];

    private static Dictionary<string, int> NGrams(int[] characters, int order)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i + order <= characters.Length; i++)
        {
            var gram = string.Concat(characters.AsSpan(i, order).ToArray().Select(char.ConvertFromUtf32));
            CollectionsMarshal.GetValueRefOrAddDefault(grams, gram, out _)++;
        }
        return grams;
    }
}

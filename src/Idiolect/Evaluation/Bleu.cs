using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Idiolect.Evaluation;

/// <summary>
/// BLEU (Papineni et al. 2002) as sacreBLEU computes it by default (Post 2018, "A call for clarity in reporting BLEU
/// scores"): mteval-v13a's tokens, n-grams up to 4, exponential smoothing, from 0 to 100.
/// </summary>
public static partial class Bleu
{
    /// <summary>What sacreBLEU would print for a single reference, so that scores can be compared.</summary>
    public const string Signature = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp";

    private const int Orders = 4;

    /// <summary>The score of a corpus.</summary>
    /// <param name="translations">The translations.</param>
    /// <param name="references">For each translation, one or more references.</param>
    public static double Score(IReadOnlyList<string> translations, IReadOnlyList<IReadOnlyList<string>> references)
    {
        RequirePairs(translations.Count, references.Count);
        return Score(translations.Zip(references, Count));
    }

    /// <summary>The score of a corpus with one reference a translation.</summary>
    /// <param name="translations">The translations.</param>
    /// <param name="references">The reference of each.</param>
    public static double Score(IReadOnlyList<string> translations, IReadOnlyList<string> references)
        => Score(translations, [.. references.Select(reference => new[] { reference })]);

    /// <summary>What a sentence contributes to the score of a corpus: 2 lengths, then for each order the n-grams found and all.</summary>
    internal static long[] Count(string translation, IReadOnlyList<string> references)
    {
        var tokens = Tokenize(translation);
        var others = references.Select(Tokenize).ToArray();
        // Of several references the one whose length is nearest counts, the shorter of two.
        var nearest = others.Select(other => other.Length).OrderBy(length => Math.Abs(length - tokens.Length)).ThenBy(length => length).First();
        var counts = new long[2 + (2 * Orders)];
        (counts[0], counts[1]) = (tokens.Length, nearest);
        for (var order = 1; order <= Orders; order++)
        {
            var most = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var (gram, count) in others.SelectMany(other => NGrams(other, order)))
            {
                most[gram] = Math.Max(count, most.GetValueOrDefault(gram));
            }
            counts[2 * order] = NGrams(tokens, order).Sum(gram => Math.Min(gram.Value, most.GetValueOrDefault(gram.Key)));
            counts[(2 * order) + 1] = Math.Max(0, tokens.Length - order + 1);
        }
        return counts;
    }

    /// <summary>The score of the sum of some sentences' <see cref="Count"/>.</summary>
    internal static double Score(IEnumerable<long[]> sentences)
    {
        var sum = new long[2 + (2 * Orders)];
        foreach (var counts in sentences)
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += counts[i];
            }
        }
        if (Enumerable.Range(1, Orders).All(order => sum[2 * order] == 0))
        {
            return 0;
        }
        var (logarithms, smoothing) = (0.0, 1.0);
        for (var order = 1; order <= Orders; order++)
        {
            var (found, all) = (sum[2 * order], sum[(2 * order) + 1]);
            if (all == 0)
            {
                return 0; // no translation is as long as the order
            }
            // An order without a match counts as half a match, the next such order as a quarter (as in mteval-v13a).
            smoothing = found == 0 ? 2 * smoothing : smoothing;
            logarithms += Math.Log(found == 0 ? 1 / (smoothing * all) : (double)found / all);
        }
        var brevity = sum[0] < sum[1] ? Math.Exp(1 - ((double)sum[1] / sum[0])) : 1;
        return 100 * brevity * Math.Exp(logarithms / Orders);
    }

    /// <summary>The tokens of mteval-v13a.</summary>
    internal static string[] Tokenize(string text)
    {
        text = text.TrimEnd()
            .Replace("<skipped>", "", StringComparison.Ordinal)
            .Replace("-\n", "", StringComparison.Ordinal)
            .Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal);
        text = Symbol().Replace($" {text} ", " $1 ");
        text = StopAfterOther().Replace(text, "$1 $2 ");
        text = StopBeforeOther().Replace(text, " $1 $2");
        text = DashAfterDigit().Replace(text, "$1 $2 ");
        return text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static void RequirePairs(int translations, int references)
    {
        if (translations != references)
        {
            throw new ArgumentException($"{translations} translations have {references} references.", nameof(references));
        }
    }

    private static Dictionary<string, int> NGrams(string[] tokens, int order)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i + order <= tokens.Length; i++)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(grams, string.Join(' ', tokens, i, order), out _)++;
        }
        return grams;
    }

    /// <summary>ASCII punctuation and symbols except full stop, comma, dash and apostrophe.</summary>
    [GeneratedRegex(@"([\{-\~\[-\` -\&\(-\+\:-\@\/])")]
    private static partial Regex Symbol();

    [GeneratedRegex(@"([^0-9])([\.,])")]
    private static partial Regex StopAfterOther();

    [GeneratedRegex(@"([\.,])([^0-9])")]
    private static partial Regex StopBeforeOther();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}

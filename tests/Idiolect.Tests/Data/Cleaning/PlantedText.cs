namespace Idiolect.Tests.Data.Cleaning;

/// <summary>Texts of made-up words, and pairs whose similarity is known.</summary>
internal static class PlantedText
{
    private static readonly string[] Vocabulary = [.. Words(new Random(1)).Distinct().Take(5000)];

    internal static string[] Of(Random random, int words) => [.. Enumerable.Range(0, words).Select(_ => Vocabulary[random.Next(Vocabulary.Length)])];

    /// <summary>The text with one word after another replaced, until it is no more similar than that.</summary>
    internal static string[] Changed(Random random, string[] text, double similarity)
    {
        var changed = (string[])text.Clone();
        foreach (var place in Enumerable.Range(0, text.Length).OrderBy(_ => random.Next()).ToArray())
        {
            if (Similarity(text, changed) <= similarity)
            {
                break;
            }
            changed[place] = Vocabulary[random.Next(Vocabulary.Length)];
        }
        return changed;
    }

    /// <summary>Jaccard's similarity of the sets of runs of five words, counted out.</summary>
    internal static double Similarity(string[] a, string[] b)
    {
        var (x, y) = (Runs(a), Runs(b));
        var common = (double)x.Count(y.Contains);
        return common / (x.Count + y.Count - common);
    }

    private static HashSet<string> Runs(string[] words) => [.. Enumerable.Range(0, words.Length - 4).Select(i => string.Join(' ', words[i..(i + 5)]))];

    private static IEnumerable<string> Words(Random random)
    {
        while (true)
        {
            yield return string.Concat(Enumerable.Range(0, random.Next(2, 4)).Select(_ => $"{"bdfgklmnprstv"[random.Next(13)]}{"aeiou"[random.Next(5)]}{"nrs"[random.Next(3)]}"));
        }
    }
}

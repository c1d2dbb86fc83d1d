namespace Idiolect.Cli;

/// <summary>Finds the word that was meant.</summary>
internal static class Spelling
{
    /// <summary><c>"; did you mean --steps?"</c>, or nothing when no candidate is near.</summary>
    internal static string DidYouMean(string word, IEnumerable<string> candidates)
    {
        var best = candidates
            .Select(candidate => (candidate, distance: Distance(word, candidate)))
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .FirstOrDefault();
        var letters = word.Count(char.IsLetterOrDigit);
        return best.candidate is not null && best.distance <= Math.Max(1, letters / 3) ? $"; did you mean {best.candidate}?" : "";
    }

    /// <summary>The edits between two words: insert, remove, replace, swap two neighbours (optimal string alignment).</summary>
    internal static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }
                var replaced = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                var best = Math.Min(replaced, 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    best = Math.Min(best, rows[i - 2, j - 2] + 1);
                }
                rows[i, j] = best;
            }
        }
        return rows[a.Length, b.Length];
    }
}

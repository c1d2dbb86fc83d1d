using System.Text.RegularExpressions;

namespace Idiolect.Evaluation;

/// <summary>
/// Multinomial naive Bayes on lower-case words, with one count added to each (McCallum and Nigam 1998): the baseline of every text classifier, which
/// learns in a second. The vocabulary is that of the texts it learns from; other words say nothing.
/// </summary>
public sealed partial class NaiveBayes
{
    private readonly HashSet<string> _vocabulary = [];
    private readonly Dictionary<string, int>[] _counts; // [label][word]
    private readonly double[] _totals; // [label]: words, the added ones included
    private readonly double[] _priors; // [label]: logarithms

    /// <summary>Counts the words of each label's texts.</summary>
    /// <param name="texts">Texts with the numbers of their labels.</param>
    /// <param name="labels">How many labels there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are none.</exception>
    public NaiveBayes(IReadOnlyList<(string Text, int Label)> texts, int labels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 1);
        _counts = [.. Enumerable.Range(0, labels).Select(_ => new Dictionary<string, int>())];
        foreach (var (text, label) in texts)
        {
            foreach (var word in Words(text))
            {
                _counts[label][word] = _counts[label].GetValueOrDefault(word) + 1;
                _vocabulary.Add(word);
            }
        }
        _totals = [.. _counts.Select(words => words.Values.Sum() + (double)_vocabulary.Count)];
        _priors = [.. Enumerable.Range(0, labels).Select(label => Math.Log((texts.Count(text => text.Label == label) + 1.0) / (texts.Count + labels)))];
    }

    /// <summary>The likeliest label.</summary>
    /// <param name="text">A text.</param>
    /// <returns>The label's number.</returns>
    public int Classify(string text)
    {
        string[] words = [.. Words(text).Where(_vocabulary.Contains)];
        return Enumerable.Range(0, _counts.Length)
            .MaxBy(label => _priors[label] + words.Sum(word => Math.Log((_counts[label].GetValueOrDefault(word) + 1) / _totals[label])));
    }

    private static IEnumerable<string> Words(string text) => Word().Matches(text).Select(match => match.Value.ToLowerInvariant());

    [GeneratedRegex(@"[A-Za-z]{2,}")]
    private static partial Regex Word();
}

using System.Text;
using Idiolect.Data;
using Idiolect.Evaluation;

namespace Idiolect.Lab.Tasks;

/// <summary>
/// Guess a documentation text's namespace from its words (<see cref="NamespaceTexts"/>), of which only the beginning counts.
/// </summary>
internal sealed class NamespaceTask
{
    internal const int Classes = 8;
    internal const int Length = 80; // bytes of a text that count; shorter ones are filled with zeros in front

    /// <summary>Labels are the tokens after the bytes.</summary>
    internal const int Vocabulary = 256 + Classes;

    private const int TestTexts = 40; // of each class

    private static readonly Lazy<IReadOnlyList<(string Namespace, string Text)>> All = new(Read);

    private readonly string[][] _texts; // [class]: shuffled; the first TestTexts are for the test, as many for validation

    internal NamespaceTask(Random random)
    {
        var largest = All.Value.GroupBy(text => text.Namespace).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Take(Classes);
        _texts = [.. largest.Select(group => group.Select(text => text.Text).Distinct().ToArray())];
        foreach (var texts in _texts)
        {
            random.Shuffle(texts);
        }
        Unlabelled = [.. _texts.SelectMany(texts => texts.Skip(2 * TestTexts))];
    }

    /// <summary>Texts without labels, to pre-train on; none of the test.</summary>
    internal string[] Unlabelled { get; }

    internal (string Text, int Label)[] Test => [.. _texts.SelectMany((texts, label) => texts.Take(TestTexts).Select(text => (text, label)))];

    /// <summary>As many others, to choose settings on.</summary>
    internal (string Text, int Label)[] Validation => [.. _texts.SelectMany((texts, label) => texts.Skip(TestTexts).Take(TestTexts).Select(text => (text, label)))];

    /// <summary>So many labelled texts of each class.</summary>
    internal (string Text, int Label)[] Training(int count) => [.. _texts.SelectMany((texts, label) => texts.Skip(2 * TestTexts).Take(count).Select(text => (text, label)))];

    /// <summary>(batch, length) bytes; the label is wanted after each one of the text.</summary>
    internal static (int[] Tokens, int[] Targets) Labelled(IReadOnlyList<(string Text, int Label)> texts)
        => ([.. texts.SelectMany(text => Bytes(text.Text))], [.. texts.SelectMany(text => Bytes(text.Text).Select(value => value > 0 ? 256 + text.Label : -1))]);

    /// <summary>The same bytes, the next one wanted everywhere but before the text begins.</summary>
    internal static (int[] Tokens, int[] Targets) NextBytes(IReadOnlyList<string> texts)
    {
        var tokens = texts.SelectMany(Bytes).ToArray();
        return (tokens, [.. tokens.Select((_, i) => i % Length == Length - 1 || tokens[i + 1] == 0 ? -1 : tokens[i + 1])]);
    }

    /// <summary>The accuracy on the test of multinomial naive Bayes on words, with one count added to each.</summary>
    internal double NaiveBayes(int count)
    {
        var bayes = new NaiveBayes(Training(count), Classes);
        return Test.Average(text => bayes.Classify(text.Text) == text.Label ? 1.0 : 0);
    }

    private static IEnumerable<int> Bytes(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var kept = bytes.AsSpan(0, Math.Min(bytes.Length, Length)).ToArray();
        return Enumerable.Repeat(0, Length - kept.Length).Concat(kept.Select(value => (int)value));
    }

    private static List<(string, string)> Read()
        => [.. NamespaceTexts.Read(DocumentationBytes.TrainingDocuments).Select(text => (
            text.Label, Encoding.UTF8.GetByteCount(text.Text) <= Length ? text.Text : text.Text[..Math.Min(text.Text.Length, Length)]))];
}

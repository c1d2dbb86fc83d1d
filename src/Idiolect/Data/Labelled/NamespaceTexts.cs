using System.Text.RegularExpressions;

namespace Idiolect.Data;

/// <summary>
/// Documentation texts whose label is their namespace, cut after two names (<c>System.Linq</c>). The signature and all dotted names are taken
/// out: more than a quarter of the texts name their own namespace.
/// </summary>
public static partial class NamespaceTexts
{
    private const int LabelCount = 8; // of a corpus: the namespaces with the most texts
    private const int ShortestText = 40; // characters

    /// <summary>The texts of documentation that have a namespace and enough words left.</summary>
    /// <param name="documents">Documents of <c>dotnet-docs</c>: a signature, and what it is.</param>
    public static IEnumerable<LabelledText> Read(IEnumerable<Document> documents)
    {
        foreach (var document in documents)
        {
            var end = document.Text.IndexOf('\n', StringComparison.Ordinal);
            var name = end < 0 ? null : document.Text[..end].Split(' ', '(').FirstOrDefault(word => word.Contains('.', StringComparison.Ordinal));
            if (name?.Split('.') is not { Length: >= 3 } parts)
            {
                continue;
            }
            var body = DottedName().Replace(document.Text[(end + 1)..], "").Trim();
            if (body.Length >= ShortestText)
            {
                yield return new LabelledText(body, $"{parts[0]}.{parts[1]}");
            }
        }
    }

    /// <summary>The texts of the largest namespaces, each text once, divided as the corpus is.</summary>
    internal static (LabelledText[] Training, LabelledText[] Validation) Divide(Corpus corpus)
    {
        LabelledText[] training = [.. Read(corpus.Training).DistinctBy(text => text.Text)];
        var largest = training.CountBy(text => text.Label).OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal)
            .Take(LabelCount).Select(count => count.Key).ToHashSet();
        var seen = training.Select(text => text.Text).ToHashSet();
        return (
            [.. training.Where(text => largest.Contains(text.Label))],
            [.. Read(corpus.Validation).Where(text => largest.Contains(text.Label) && seen.Add(text.Text))]);
    }

    [GeneratedRegex(@"\w+(\.\w+)+")]
    private static partial Regex DottedName();
}

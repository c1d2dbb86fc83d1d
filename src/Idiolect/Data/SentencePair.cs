using System.Text;
using System.Text.RegularExpressions;

namespace Idiolect.Data;

/// <summary>A sentence and its translation.</summary>
/// <param name="Source">The sentence.</param>
/// <param name="Target">The translation.</param>
/// <param name="Language">The culture of the translation, such as <c>de</c>; empty where a file does not say.</param>
/// <param name="Origin">Where the pair comes from: the assembly, or the file and line. Only splits by origin and messages read it.</param>
public sealed partial record SentencePair(string Source, string Target, string Language, string Origin)
{
    /// <summary>
    /// What is left of a sentence without placeholders, digits, punctuation, white space and case: its letters. Two
    /// sentences with the same letters are the same to <see cref="ParallelCorpus"/>'s split.
    /// </summary>
    internal static string Letters(string sentence)
    {
        var letters = new StringBuilder(sentence.Length);
        foreach (var rune in Placeholder().Replace(sentence, " ").EnumerateRunes())
        {
            if (Rune.IsLetter(rune))
            {
                letters.Append(Rune.ToLowerInvariant(rune));
            }
        }
        return letters.ToString();
    }

    /// <summary>A text on one line, with single spaces.</summary>
    internal static string Clean(string text) => WhiteSpace().Replace(text, " ").Trim();

    /// <summary>{0}, {0:x}, {name}, %1, %s, $(Property), @(Item).</summary>
    [GeneratedRegex(@"\{[^{}]*\}|%[0-9A-Za-z]|[$@]\([^()]*\)")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}

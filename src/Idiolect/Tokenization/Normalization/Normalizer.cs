using System.Text;

namespace Idiolect.Tokenization;

/// <summary>Changes a text before it is cut and encoded, in steps.</summary>
/// <param name="component">How a <c>tokenizer.json</c> states it.</param>
/// <param name="steps">What is done, one after the other.</param>
internal sealed class Normalizer(TokenizerComponent component, IReadOnlyList<Func<string, string>> steps)
{
    /// <summary>How a <c>tokenizer.json</c> states it.</summary>
    internal TokenizerComponent Component => component;

    /// <summary>The text as the tokenizer sees it.</summary>
    internal string Apply(string text) => steps.Aggregate(text, (result, step) => step(result));

    /// <summary>Letters in lower case, each on its own: no rules of a language or of a word's end.</summary>
    internal static string Lowercase(string text)
    {
        var output = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            // The only letter whose lower case is two characters in every language.
            if (rune.Value == 0x130)
            {
                output.Append("i\u0307");
            }
            else
            {
                output.Append(Rune.ToLowerInvariant(rune));
            }
        }
        return output.ToString();
    }
}

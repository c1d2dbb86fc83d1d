using System.Text;

namespace Idiolect.Tokenization;

/// <summary>A normal form of Unicode (Unicode Standard Annex 15): NFC, NFD, NFKC or NFKD. Lone surrogates become U+FFFD.</summary>
/// <param name="composes">Whether characters are joined again: the C.</param>
/// <param name="compatible">Whether characters that only look alike become one: the K.</param>
internal sealed class UnicodeForm(bool composes, bool compatible)
{
    /// <summary>The text in this form; the same object where it is in it already, which is seen at once for almost all texts.</summary>
    internal string Apply(string text)
    {
        // Below these no character changes or composes with one before it.
        var firstThatChanges = compatible ? '\u00a0' : composes ? '\u0300' : '\u00c0';
        var start = text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(firstThatChanges - 1));
        if (start < 0 || (composes && IsComposed(text.AsSpan(start))))
        {
            return text;
        }
        var characters = Decompose(text);
        if (composes)
        {
            Compose(characters);
        }
        var output = new StringBuilder(text.Length + 16);
        foreach (var character in characters)
        {
            output.Append(new Rune(character));
        }
        return output.ToString();
    }

    private bool IsComposed(ReadOnlySpan<char> text)
    {
        var data = UnicodeData.Instance;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!data.IsComposed(rune.Value, compatible) || rune == Rune.ReplacementChar)
            {
                return false;
            }
        }
        return true;
    }

    // Decomposed, and each run of marks in the order of their classes.
    private List<int> Decompose(string text)
    {
        var data = UnicodeData.Instance;
        var output = new List<int>(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (data.Decomposition(rune.Value, compatible) is { } parts)
            {
                output.AddRange(parts);
            }
            else if (!Hangul.TryDecompose(rune.Value, output))
            {
                output.Add(rune.Value);
            }
        }
        var start = 0; // of a run of marks
        for (var i = 0; i <= output.Count; i++)
        {
            if (i == output.Count || data.ClassOf(output[i]) == 0)
            {
                if (i - start > 1)
                {
                    var ordered = output.Skip(start).Take(i - start).OrderBy(data.ClassOf).ToArray(); // stable
                    for (var mark = 0; mark < ordered.Length; mark++)
                    {
                        output[start + mark] = ordered[mark];
                    }
                }
                start = i + 1;
            }
        }
        return output;
    }

    // A mark joins the last character of class 0 unless one of its own class or a greater stands between them.
    private static void Compose(List<int> characters)
    {
        var data = UnicodeData.Instance;
        var count = 0;
        var starter = -1;
        var lastClass = 0;
        for (var i = 0; i < characters.Count; i++)
        {
            var character = characters[i];
            var ownClass = data.ClassOf(character);
            var blocked = starter != count - 1 && (lastClass >= ownClass || lastClass == 0);
            if (starter >= 0 && !blocked)
            {
                var composite = Hangul.Compose(characters[starter], character);
                composite = composite >= 0 ? composite : data.Composite(characters[starter], character);
                if (composite >= 0)
                {
                    characters[starter] = composite;
                    continue;
                }
            }
            if (ownClass == 0)
            {
                starter = count;
            }
            lastClass = ownClass;
            characters[count++] = character;
        }
        characters.RemoveRange(count, characters.Count - count);
    }
}

namespace Idiolect.Tokenization;

/// <summary>What the scanners of several regular expressions have in common.</summary>
internal static class ScannerParts
{
    /// <summary>
    /// <c>\s+(?!\S)|\s+</c>: before a word, a run of white space leaves its last character to that word.
    /// </summary>
    /// <param name="text">The text, which begins with white space.</param>
    /// <param name="end">Where the run ends.</param>
    internal static int WhiteSpace(ReadOnlySpan<char> text, int end) => end == text.Length || end == 1 ? end : end - 1;

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c> at the beginning of a text that begins with white space.</summary>
    internal static int LinesOrWhiteSpace(ReadOnlySpan<char> text)
    {
        var end = CharacterClasses.EndOfRun(text, 0, CharacterClass.WhiteSpace);
        var lastNewline = text[..end].LastIndexOfAny('\r', '\n');
        return lastNewline >= 0 ? lastNewline + 1 : WhiteSpace(text, end);
    }

    /// <summary>The end of a run of numbers of at most <paramref name="most"/> characters.</summary>
    internal static int EndOfNumber(ReadOnlySpan<char> text, int most)
    {
        var end = 0;
        for (var digits = 0; digits < most && end < text.Length; digits++)
        {
            if (CharacterClasses.At(text, end, out var width) != CharacterClass.Number)
            {
                break;
            }
            end += width;
        }
        return end;
    }

    /// <summary>
    /// 's 't 're 've 'm 'll 'd at the beginning, or 0. The long s (U+017F) is an s in another case, as Unicode's case folding has it.
    /// </summary>
    internal static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2 || text[0] != '\'')
        {
            return 0;
        }
        var first = Fold(text[1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }
        var second = text.Length > 2 ? Fold(text[2], ignoreCase) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static char Fold(char character, bool ignoreCase)
        => !ignoreCase ? character : character == '\u017f' ? 's' : char.ToLowerInvariant(character);
}

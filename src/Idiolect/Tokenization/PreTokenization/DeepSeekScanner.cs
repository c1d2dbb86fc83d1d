namespace Idiolect.Tokenization;

/// <summary>
/// The last of the three splits of DeepSeek V2 and V3; numbers and Chinese were parted before it. What it does not match, controls and
/// numbers without a letter behind them, are pieces too.
/// </summary>
internal sealed class DeepSeekScanner : PieceScanner
{
    /// <summary>The regular expression, with its line breaks as the file has them.</summary>
    internal const string Pattern =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    private const CharacterClass Word = CharacterClass.Letter | CharacterClass.Mark;

    internal override bool CoversAll => false;

    internal override int LengthOfFirst(ReadOnlySpan<char> text)
    {
        if (Match(text) is > 0 and var match)
        {
            return match;
        }
        CharacterClasses.At(text, 0, out var end);
        while (end < text.Length && Match(text[end..]) == 0)
        {
            CharacterClasses.At(text, end, out var width);
            end += width;
        }
        return end;
    }

    private static int Match(ReadOnlySpan<char> text)
    {
        if (char.IsAscii(text[0]) && (char.IsPunctuation(text[0]) || char.IsSymbol(text[0])))
        {
            var letters = text[1..].IndexOfAnyExcept(AsciiLetters);
            var end = letters < 0 ? text.Length : letters + 1;
            if (end > 1)
            {
                return end;
            }
        }
        var kind = CharacterClasses.At(text, 0, out var width);
        var next = width < text.Length ? CharacterClasses.At(text, width, out _) : default;
        if ((kind & Word) != 0 || ((kind & (CharacterClass.Newline | CharacterClass.Sign)) == 0 && (next & Word) != 0))
        {
            return CharacterClasses.EndOfRun(text, width, Word);
        }
        if (kind == CharacterClass.Sign || (text[0] == ' ' && next == CharacterClass.Sign))
        {
            var end = CharacterClasses.EndOfRun(text, width, CharacterClass.Sign);
            return CharacterClasses.EndOfRun(text, end, CharacterClass.Newline);
        }
        return (kind & CharacterClass.WhiteSpace) != 0 ? ScannerParts.LinesOrWhiteSpace(text) : 0;
    }

    private static readonly System.Buffers.SearchValues<char> AsciiLetters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

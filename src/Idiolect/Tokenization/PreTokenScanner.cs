namespace Idiolect.Tokenization;

/// <summary>
/// The pre-tokenisers as scanners: where the published regular expressions would backtrack, these look at each
/// character a bounded number of times, so the time is linear in the text.
/// </summary>
internal static class PreTokenScanner
{
    /// <summary>The regular expression of GPT-2 (Radford et al. 2019).</summary>
    internal const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The regular expression of GPT-4, as Hugging Face files state it.</summary>
    internal const string Gpt4Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const int LongestNumber = 3;

    /// <summary>The length of the first piece of a text that is not empty, in UTF-16 units; at least 1.</summary>
    internal static int LengthOfFirst(PreTokenizer style, ReadOnlySpan<char> text)
        => style == PreTokenizer.Gpt2 ? Gpt2(text) : Gpt4(text);

    private static int Gpt2(ReadOnlySpan<char> text)
    {
        if (Contraction(text, ignoreCase: false) is > 0 and var contraction)
        {
            return contraction;
        }
        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var kind = CharacterClasses.At(text, start, out _);
        return (kind & CharacterClass.WhiteSpace) == 0
            ? CharacterClasses.EndOfRun(text, start, kind)
            : WhiteSpace(text, CharacterClasses.EndOfRun(text, 0, CharacterClass.WhiteSpace));
    }

    private static int Gpt4(ReadOnlySpan<char> text)
    {
        if (Contraction(text, ignoreCase: true) is > 0 and var contraction)
        {
            return contraction;
        }
        var kind = CharacterClasses.At(text, 0, out var width);
        switch (kind)
        {
            case CharacterClass.Letter:
                return CharacterClasses.EndOfRun(text, 0, CharacterClass.Letter);
            case CharacterClass.Number:
                return Number(text);
        }
        var next = width < text.Length ? CharacterClasses.At(text, width, out _) : default;
        if (next == CharacterClass.Letter && kind != CharacterClass.Newline)
        {
            return CharacterClasses.EndOfRun(text, width, CharacterClass.Letter);
        }
        if (kind == CharacterClass.Other || (text[0] == ' ' && next == CharacterClass.Other))
        {
            var end = CharacterClasses.EndOfRun(text, width, CharacterClass.Other);
            return CharacterClasses.EndOfRun(text, end, CharacterClass.Newline);
        }
        var endOfSpace = CharacterClasses.EndOfRun(text, 0, CharacterClass.WhiteSpace);
        var lastNewline = text[..endOfSpace].LastIndexOfAny('\r', '\n');
        return lastNewline >= 0 ? lastNewline + 1 : WhiteSpace(text, endOfSpace);
    }

    // \s+(?!\S)|\s+ : before a word, a run of white space leaves its last character to that word.
    private static int WhiteSpace(ReadOnlySpan<char> text, int end) => end == text.Length || end == 1 ? end : end - 1;

    private static int Number(ReadOnlySpan<char> text)
    {
        var end = 0;
        for (var digits = 0; digits < LongestNumber && end < text.Length; digits++)
        {
            if (CharacterClasses.At(text, end, out var width) != CharacterClass.Number)
            {
                break;
            }
            end += width;
        }
        return end;
    }

    // 's 't 're 've 'm 'll 'd, or 0. The long s (U+017F) is an s in another case, as Unicode's case folding has it.
    private static int Contraction(ReadOnlySpan<char> text, bool ignoreCase)
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

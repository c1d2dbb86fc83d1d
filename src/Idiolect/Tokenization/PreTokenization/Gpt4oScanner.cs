namespace Idiolect.Tokenization;

/// <summary>
/// The pre-tokeniser of GPT-4o (o200k; Llama 4 and gpt-oss have the same), which parts words where capitals begin; that of Mistral's Tekken
/// knows no contractions and has one digit a piece.
/// </summary>
/// <param name="contractions">Whether 's, 't and their like stay with the word before them.</param>
/// <param name="longestNumber">The most digits of a piece.</param>
internal sealed class Gpt4oScanner(bool contractions, int longestNumber) : PieceScanner
{
    /// <summary>The regular expression of GPT-4o.</summary>
    internal const string Pattern = EndsLow + Contractions + "|" + BeginsHigh + Contractions + @"|\p{N}{1,3}" + End;

    /// <summary>The regular expression of Tekken.</summary>
    internal const string TekkenPattern = EndsLow + "|" + BeginsHigh + @"|\p{N}" + End;

    private const string EndsLow = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string BeginsHigh = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    private const string End = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Letters without case and marks belong to both ends of a word.
    private const CharacterClass Both = CharacterClass.Caseless | CharacterClass.Mark;
    private const CharacterClass High = CharacterClass.Uppercase | Both;
    private const CharacterClass Low = CharacterClass.Lowercase | Both;

    internal override int LengthOfFirst(ReadOnlySpan<char> text)
    {
        var kind = CharacterClasses.At(text, 0, out var width);
        if (kind == CharacterClass.Number)
        {
            return ScannerParts.EndOfNumber(text, longestNumber);
        }
        // The sign before a word is tried first; a mark may be that sign or a part of the word.
        var mayPrecede = (kind & (CharacterClass.Letter | CharacterClass.Newline)) == 0;
        var word = mayPrecede ? EndLow(text, width) : 0;
        word = word > 0 ? word : EndLow(text, 0);
        word = word > 0 ? word : mayPrecede ? EndHigh(text, width) : 0;
        word = word > 0 ? word : EndHigh(text, 0);
        if (word > 0)
        {
            return word + (contractions ? ScannerParts.Contraction(text[word..], ignoreCase: true) : 0);
        }
        var next = width < text.Length ? CharacterClasses.At(text, width, out _) : default;
        if ((kind & CharacterClass.Other) != 0 || (text[0] == ' ' && (next & CharacterClass.Other) != 0))
        {
            var end = CharacterClasses.EndOfRun(text, width, CharacterClass.Other);
            while (end < text.Length && text[end] is '\r' or '\n' or '/')
            {
                end++;
            }
            return end;
        }
        return ScannerParts.LinesOrWhiteSpace(text);
    }

    // High*Low+ at start: where it ends, or 0. The greedy High* gives back as much as Low+ needs.
    private static int EndLow(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        var afterLastOfBoth = 0;
        while (end < text.Length && (CharacterClasses.At(text, end, out var width) & High) is not 0 and var kind)
        {
            end += width;
            afterLastOfBoth = (kind & Both) != 0 ? end : afterLastOfBoth;
        }
        var low = CharacterClasses.EndOfRun(text, end, Low);
        return low > end ? low : afterLastOfBoth;
    }

    // High+Low* at start: where it ends, or 0.
    private static int EndHigh(ReadOnlySpan<char> text, int start)
    {
        var end = CharacterClasses.EndOfRun(text, start, High);
        return end > start ? CharacterClasses.EndOfRun(text, end, Low) : 0;
    }
}

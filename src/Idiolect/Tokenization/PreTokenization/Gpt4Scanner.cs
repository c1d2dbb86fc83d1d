namespace Idiolect.Tokenization;

/// <summary>The pre-tokeniser of GPT-4 (cl100k), as Hugging Face files state it, and its kin: Llama 3 has the same, Qwen one digit a piece.</summary>
/// <param name="longestNumber">The most digits of a piece.</param>
internal sealed class Gpt4Scanner(int longestNumber) : PieceScanner
{
    /// <summary>The regular expression for pieces of at most three digits: GPT-4, Llama 3.</summary>
    internal const string Pattern = Start + @"\p{N}{1,3}" + End;

    /// <summary>The regular expression for digits on their own: Qwen 2, 2.5 and 3.</summary>
    internal const string QwenPattern = Start + @"\p{N}" + End;

    private const string Start = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string End = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal override int LengthOfFirst(ReadOnlySpan<char> text)
    {
        if (ScannerParts.Contraction(text, ignoreCase: true) is > 0 and var contraction)
        {
            return contraction;
        }
        var kind = CharacterClasses.At(text, 0, out var width);
        if ((kind & CharacterClass.Letter) != 0)
        {
            return CharacterClasses.EndOfRun(text, width, CharacterClass.Letter);
        }
        if (kind == CharacterClass.Number)
        {
            return ScannerParts.EndOfNumber(text, longestNumber);
        }
        var next = width < text.Length ? CharacterClasses.At(text, width, out _) : default;
        if ((next & CharacterClass.Letter) != 0 && kind != CharacterClass.Newline)
        {
            return CharacterClasses.EndOfRun(text, width, CharacterClass.Letter);
        }
        if ((kind & CharacterClass.Other) != 0 || (text[0] == ' ' && (next & CharacterClass.Other) != 0))
        {
            var end = CharacterClasses.EndOfRun(text, width, CharacterClass.Other);
            return CharacterClasses.EndOfRun(text, end, CharacterClass.Newline);
        }
        return ScannerParts.LinesOrWhiteSpace(text);
    }
}

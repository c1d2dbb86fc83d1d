namespace Idiolect.Tokenization;

/// <summary>The pre-tokeniser of GPT-2 (Radford et al. 2019).</summary>
internal sealed class Gpt2Scanner : PieceScanner
{
    /// <summary>The regular expression.</summary>
    internal const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    internal override int LengthOfFirst(ReadOnlySpan<char> text)
    {
        if (ScannerParts.Contraction(text, ignoreCase: false) is > 0 and var contraction)
        {
            return contraction;
        }
        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        var kind = CharacterClasses.At(text, start, out _);
        return (kind & CharacterClass.WhiteSpace) != 0
            ? ScannerParts.WhiteSpace(text, CharacterClasses.EndOfRun(text, 0, CharacterClass.WhiteSpace))
            : CharacterClasses.EndOfRun(text, start, GroupOf(kind));
    }

    private static CharacterClass GroupOf(CharacterClass kind)
        => (kind & CharacterClass.Letter) != 0 ? CharacterClass.Letter : kind == CharacterClass.Number ? kind : CharacterClass.Other;
}

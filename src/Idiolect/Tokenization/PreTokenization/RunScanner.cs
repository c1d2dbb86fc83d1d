namespace Idiolect.Tokenization;

/// <summary>Runs of one kind of characters are pieces, cut after so many of them, and what lies between them is too.</summary>
/// <param name="isMember">Whether a code point at a place of a text is of the kind, and how many UTF-16 units it takes.</param>
/// <param name="longest">The most characters of a run's piece.</param>
internal sealed class RunScanner(RunScanner.Membership isMember, int longest = int.MaxValue) : PieceScanner
{
    /// <summary>The regular expressions for numbers: each digit, groups of three, whole numbers.</summary>
    internal const string DigitPattern = @"\p{N}", ThreeDigitsPattern = @"\p{N}{1,3}", NumberPattern = @"\p{N}+";

    /// <summary>DeepSeek's regular expression for Chinese characters and Japanese syllables.</summary>
    internal const string DeepSeekCjkPattern = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";

    internal delegate bool Membership(ReadOnlySpan<char> text, int index, out int width);

    internal override bool CoversAll => false;

    /// <summary>Numbers, in pieces of at most so many digits.</summary>
    internal static RunScanner Numbers(int longest) => new(IsNumber, longest);

    /// <summary><see cref="DeepSeekCjkPattern"/>.</summary>
    internal static RunScanner DeepSeekCjk() => new(IsDeepSeekCjk);

    internal override int LengthOfFirst(ReadOnlySpan<char> text)
    {
        var inRun = isMember(text, 0, out var end);
        for (var count = 1; end < text.Length && (!inRun || count < longest) && isMember(text, end, out var width) == inRun; count++)
        {
            end += width;
        }
        return end;
    }

    private static bool IsNumber(ReadOnlySpan<char> text, int index, out int width) => CharacterClasses.At(text, index, out width) == CharacterClass.Number;

    private static bool IsDeepSeekCjk(ReadOnlySpan<char> text, int index, out int width)
    {
        width = 1; // a half of a surrogate pair is no member, like the whole
        return text[index] is >= '\u4e00' and <= '\u9fa5' or >= '\u3040' and <= '\u30ff';
    }
}

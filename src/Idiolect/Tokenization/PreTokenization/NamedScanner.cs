namespace Idiolect.Tokenization;

/// <summary>A scanner and how a <c>tokenizer.json</c> states it.</summary>
/// <param name="Scanner">The scanner.</param>
/// <param name="Kind">The type of the pre-tokeniser.</param>
/// <param name="Pattern">Of a Split, its regular expression.</param>
/// <param name="IndividualDigits">Of Digits, whether each is a piece.</param>
internal sealed record NamedScanner(PieceScanner Scanner, string Kind, string? Pattern = null, bool IndividualDigits = false)
{
    /// <summary>The regular expression that ByteLevel applies by itself.</summary>
    internal static NamedScanner Gpt2 { get; } = new(new Gpt2Scanner(), "ByteLevel");

    internal static NamedScanner Gpt4 { get; } = Split(Gpt4Scanner.Pattern)!;

    /// <summary>Digits on their own, or runs of them.</summary>
    internal static NamedScanner Digits(bool individual) => new(RunScanner.Numbers(individual ? 1 : int.MaxValue), "Digits", IndividualDigits: individual);

    /// <summary>The scanner of a published regular expression, or null where it is none that we know.</summary>
    internal static NamedScanner? Split(string pattern)
    {
        PieceScanner? scanner = pattern switch
        {
            Gpt2Scanner.Pattern => new Gpt2Scanner(),
            Gpt4Scanner.Pattern => new Gpt4Scanner(longestNumber: 3),
            Gpt4Scanner.QwenPattern => new Gpt4Scanner(longestNumber: 1),
            Gpt4oScanner.Pattern => new Gpt4oScanner(contractions: true, longestNumber: 3),
            Gpt4oScanner.TekkenPattern => new Gpt4oScanner(contractions: false, longestNumber: 1),
            DeepSeekScanner.Pattern => new DeepSeekScanner(),
            RunScanner.DeepSeekCjkPattern => RunScanner.DeepSeekCjk(),
            RunScanner.DigitPattern => RunScanner.Numbers(1),
            RunScanner.ThreeDigitsPattern => RunScanner.Numbers(3),
            RunScanner.NumberPattern => RunScanner.Numbers(int.MaxValue),
            _ => null,
        };
        return scanner is null ? null : new(scanner, "Split", pattern);
    }
}

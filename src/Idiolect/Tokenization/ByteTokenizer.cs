namespace Idiolect.Tokenization;

/// <summary>
/// One token a byte of UTF-8, whose id is the byte, and one special token, <see cref="Tokenizer.EndOfText"/> (256).
/// </summary>
public sealed class ByteTokenizer : Tokenizer
{
    private static readonly byte[]?[] AllBytes = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })];

    /// <summary>The tokenizer of bytes; there is only one.</summary>
    public ByteTokenizer()
        : this(SpecialTokenSet.From([EndOfText], firstId: 256))
    {
    }

    internal ByteTokenizer(SpecialTokenSet special)
        : base(AllBytes, special)
    {
    }

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var character in text.EnumerateRunes())
        {
            foreach (var value in bytes[..character.EncodeToUtf8(bytes)])
            {
                output.Add(value);
            }
        }
    }

    internal override TokenizerFile Describe() => new()
    {
        PreTokenizer = TokenizerComponent.ByteLevel(useRegex: false),
        PostProcessor = TokenizerComponent.ByteLevel(useRegex: false),
        Decoder = TokenizerComponent.ByteLevel(useRegex: false),
        Model = new()
        {
            Vocab = Enumerable.Range(0, 256).ToDictionary(value => ByteLevelAlphabet.Write([(byte)value]), value => value),
            Merges = [],
        },
    };
}

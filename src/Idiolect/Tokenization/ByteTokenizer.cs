namespace Idiolect.Tokenization;

/// <summary>
/// One token a byte of UTF-8, whose id is the byte, and special tokens from 256 on: <see cref="Tokenizer.EndOfText"/> unless others are named.
/// </summary>
public sealed class ByteTokenizer : Tokenizer
{
    private static readonly byte[]?[] AllBytes = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })];
    private static readonly string[] Written = [.. AllBytes.Select(bytes => ByteLevelAlphabet.Write(bytes))];

    /// <summary>The tokenizer of bytes.</summary>
    public ByteTokenizer()
        : this([EndOfText])
    {
    }

    /// <summary>The tokenizer of bytes with special tokens of one's own.</summary>
    /// <param name="specialTokens">The special tokens; the first begins a text and separates documents.</param>
    /// <exception cref="ArgumentException">A special token is empty, there twice, or how a byte is written.</exception>
    public ByteTokenizer(IReadOnlyList<string> specialTokens)
        : this(AddedTokenSet.From(specialTokens, Written))
    {
    }

    internal ByteTokenizer(AddedTokenSet added)
        : base(AllBytes, added)
    {
    }

    /// <inheritdoc/>
    protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
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
            Vocab = Enumerable.Range(0, 256).ToDictionary(value => Written[value], value => value),
            Merges = [],
        },
    };
}

using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// One token a code point, with ids in the order of the code points, as nanoGPT's character-level data sets have them. It
/// has no special token unless one is named, and no token for a character that its training text lacks.
/// </summary>
public sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<Rune, int> _ids;

    internal CharacterTokenizer(IReadOnlyList<byte[]?> tokens, AddedTokenSet added)
        : base(tokens, added)
    {
        _ids = new(tokens.Count);
        for (var id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is { } bytes)
            {
                Rune.DecodeFromUtf8(bytes, out var character, out _);
                _ids.Add(character, id);
            }
        }
    }

    /// <summary>Makes the tokenizer that knows the characters of the documents.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="specialTokens">Special tokens; the first begins a text and separates documents. Null for none.</param>
    /// <exception cref="ArgumentException">
    /// The documents hold no character at all, or a special token is empty, there twice, or one of their characters.
    /// </exception>
    public static CharacterTokenizer Train(IEnumerable<string> documents, IReadOnlyList<string>? specialTokens = null)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var characters = new HashSet<Rune>();
        foreach (var document in documents)
        {
            foreach (var character in document.EnumerateRunes())
            {
                characters.Add(character);
            }
        }
        if (characters.Count == 0)
        {
            throw new ArgumentException("The training text is empty: a character tokenizer needs at least one character.", nameof(documents));
        }
        string[] tokens = [.. characters.Order().Select(character => character.ToString())];
        return new([.. tokens.Select(Encoding.UTF8.GetBytes)], AddedTokenSet.From(specialTokens ?? [], tokens));
    }

    /// <inheritdoc/>
    protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
    {
        var position = 0;
        foreach (var character in text.EnumerateRunes())
        {
            output.Add(_ids.TryGetValue(character, out var id) ? id : throw new ArgumentException(
                $"The character '{Printable(character)}' (U+{character.Value:X4}) at position {position} is not among the "
                + $"{_ids.Count} that this character tokenizer knows. Remove it from the text, or use a tokenizer of bytes or "
                + "byte pairs, which knows every character.", nameof(text)));
            position += character.Utf16SequenceLength;
        }
    }

    internal override TokenizerFile Describe() => new()
    {
        // Without merges BPE looks each code point up; without a pre-tokeniser it sees the whole text.
        Decoder = TokenizerComponent.Fuse(),
        Model = new() { Vocab = _ids.ToDictionary(entry => entry.Key.ToString(), entry => entry.Value), Merges = [] },
    };

    private static string Printable(Rune character) => Rune.IsControl(character) ? "\ufffd" : character.ToString();
}

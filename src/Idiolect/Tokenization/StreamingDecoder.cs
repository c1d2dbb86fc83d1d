using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// Turns tokens into text one at a time. A token may end inside a code point: its bytes are kept until the rest has come, so
/// no half character is ever returned. All that is returned, joined, equals <see cref="Tokenizer.Decode"/> of all tokens.
/// </summary>
/// <remarks>Not thread-safe: one decoder a stream.</remarks>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    internal StreamingDecoder(Tokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>The text that is certain after this token; empty while a code point is incomplete.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer has no token <paramref name="id"/>.</exception>
    public string Append(int id) => Convert(_tokenizer.GetBytes(id), flush: false);

    /// <summary>Ends the stream: an incomplete code point becomes U+FFFD. The decoder can then be used again.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_utf8.GetCharCount(bytes, flush)];
        _utf8.GetChars(bytes, characters, flush);
        return new string(characters);
    }
}

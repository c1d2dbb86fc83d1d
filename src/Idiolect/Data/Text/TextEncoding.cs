using System.Text;

namespace Idiolect.Data;

/// <summary>How the bytes of a file are characters: as a mark at its start says, or in UTF-8.</summary>
internal static class TextEncoding
{
    /// <summary>The name of the encoding of the first 256 characters, a byte each (ISO 8859-1).</summary>
    internal const string Latin1 = "latin-1";

    /// <summary>What messages call standard input.</summary>
    internal const string StandardInputName = "standard input";

    private static readonly (byte[] Mark, Encoding Encoding)[] Marks =
    [
        ([0xEF, 0xBB, 0xBF], new UTF8Encoding(false, true)),
        ([0xFF, 0xFE, 0, 0], new UTF32Encoding(false, false, true)), // before UTF-16's, which begins alike
        ([0, 0, 0xFE, 0xFF], new UTF32Encoding(true, false, true)),
        ([0xFF, 0xFE], new UnicodeEncoding(false, false, true)),
        ([0xFE, 0xFF], new UnicodeEncoding(true, false, true)),
    ];

    /// <summary>The encoding that a mark names, and the mark's length; UTF-8 without a mark.</summary>
    internal static (Encoding Encoding, int MarkLength) Detect(ReadOnlySpan<byte> head)
    {
        foreach (var (mark, encoding) in Marks)
        {
            if (head.StartsWith(mark))
            {
                return (encoding, mark.Length);
            }
        }
        return (Marks[0].Encoding, 0);
    }

    /// <summary>Says what the first bytes of a file are when they are no text in UTF-8.</summary>
    /// <param name="head">The first bytes, behind no mark.</param>
    /// <param name="name">The file.</param>
    /// <param name="anyKind">Whether another extension would have it read as what it is.</param>
    /// <exception cref="InvalidDataException">They are known to be something else.</exception>
    internal static void Refuse(ReadOnlySpan<byte> head, string name, bool anyKind)
    {
        if (FileSignature.Describe(head) is { } what)
        {
            // A pipe has no extension, and a list of prompts is plain text whatever its name.
            var colon = what.IndexOf(": give it the extension", StringComparison.Ordinal);
            throw new InvalidDataException(anyKind || colon < 0 ? $"{name} is {what}." : $"{name} is {what[..colon]}: plain text is read here; unpack it, or save its text, first.");
        }
        if (UnmarkedEncoding.Find(head) is { } encoding)
        {
            throw new InvalidDataException(
                $"{name} is {encoding.ToUpperInvariant()} without a byte order mark: save it as UTF-8 (for example iconv -f {encoding} -t utf-8).");
        }
        // A character may be cut at the end of what is looked at.
        if (head.Contains((byte)0) && Utf8Check.FirstInvalid(head) < head.Length - 3)
        {
            throw new InvalidDataException($"{name} holds binary data, no text.");
        }
    }

    /// <summary>Turns a stream of bytes into one of UTF-8 without a mark.</summary>
    /// <param name="stream">The bytes; the result owns them.</param>
    /// <param name="name">The file, for messages.</param>
    /// <param name="encoding"><see cref="Latin1"/>, or null for what the bytes say.</param>
    /// <param name="markLength">The bytes of the mark, which the result does not have.</param>
    internal static Stream ToUtf8(Stream stream, string name, string? encoding, out int markLength)
    {
        markLength = 0;
        var head = new HeadStream(stream);
        try
        {
            if (encoding == Latin1)
            {
                return Encoding.CreateTranscodingStream(head, Encoding.Latin1, Encoding.UTF8);
            }
            (var found, markLength) = Detect(head.Head);
            if (markLength == 0)
            {
                Refuse(head.Head, name, anyKind: name != StandardInputName);
            }
            head.Skip(markLength);
            return found is UTF8Encoding ? head : new NamedDecoding(Encoding.CreateTranscodingStream(head, found, Encoding.UTF8), name, NameOf(found));
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    /// <summary>The name by which people and iconv know an encoding.</summary>
    internal static string NameOf(Encoding encoding) => encoding is UnicodeEncoding ? "UTF-16" : encoding is UTF32Encoding ? "UTF-32" : "UTF-8";

    /// <summary>A stream of an encoding whose errors name the file.</summary>
    private sealed class NamedDecoding(Stream inner, string name, string encoding) : ReadOnlyStream(inner)
    {
        public override int Read(Span<byte> buffer)
        {
            try
            {
                return Inner.Read(buffer);
            }
            catch (DecoderFallbackException exception)
            {
                throw new InvalidDataException($"{name} begins with the mark of {encoding}, but is not all valid {encoding}: save it as UTF-8.", exception);
            }
        }
    }
}

using System.Globalization;
using System.Text;

namespace Idiolect.Data;

/// <summary>Recognises UTF-16 and UTF-32 without a byte order mark, of which some is valid UTF-8 by chance, and never what its author wrote.</summary>
internal static class UnmarkedEncoding
{
    private static readonly (string Name, Encoding Encoding)[] Wide =
        [("utf-32le", new UTF32Encoding(false, false, true)), ("utf-32be", new UTF32Encoding(true, false, true))];

    private static readonly Encoding LittleEndian = new UnicodeEncoding(false, false, true);
    private static readonly Encoding BigEndian = new UnicodeEncoding(true, false, true);

    /// <summary>The name by which iconv knows the encoding; null where it is another, or nobody can tell.</summary>
    /// <param name="head">The first bytes of a file.</param>
    internal static string? Find(ReadOnlySpan<byte> head) => OfLatin(head) ?? OfAny(head);

    /// <summary>Of Latin letters nearly every unit has a zero in the same place.</summary>
    private static string? OfLatin(ReadOnlySpan<byte> head)
    {
        var length = head.Length & ~3;
        if (length < 4)
        {
            return head is [0, > 0, ..] && head.Length >= 2 ? "utf-16be" : head is [> 0, 0, ..] ? "utf-16le" : null;
        }
        Span<int> zeros = stackalloc int[4];
        for (var i = 0; i < length; i++)
        {
            zeros[i % 4] += head[i] == 0 ? 1 : 0;
        }
        var units = length / 4;
        return Most(zeros[1], units) && Most(zeros[2], units) && Most(zeros[3], units) && Few(zeros[0], units) ? "utf-32le"
            : Most(zeros[0], units) && Most(zeros[1], units) && Most(zeros[2], units) && Few(zeros[3], units) ? "utf-32be"
            : Most(zeros[1] + zeros[3], 2 * units) && Few(zeros[0] + zeros[2], 2 * units) ? "utf-16le"
            : Most(zeros[0] + zeros[2], 2 * units) && Few(zeros[1] + zeros[3], 2 * units) ? "utf-16be"
            : null;

        static bool Most(int count, int of) => count * 10 >= of * 7;
        static bool Few(int count, int of) => count * 10 <= of;
    }

    /// <summary>Of other letters: bytes that text in UTF-8 does not have, or hardly, and that are nothing but characters in the other encoding.</summary>
    private static string? OfAny(ReadOnlySpan<byte> head)
    {
        var controls = 0;
        foreach (var value in head)
        {
            controls += FileSignature.IsControl(value) ? 1 : 0;
        }
        var isUtf8 = Utf8Check.FirstInvalid(head) >= head.Length - 3; // a character may be cut at the end
        if (controls == 0 || (isUtf8 && controls * 5 < head.Length))
        {
            return null;
        }
        foreach (var (name, encoding) in Wide)
        {
            if (IsText(head[..(head.Length & ~3)], encoding))
            {
                return name;
            }
        }
        // The upper bytes of letters differ less than the lower ones.
        var (even, odd) = (Different(head, 0), Different(head, 1));
        return odd < even && IsText(head[..(head.Length & ~1)], LittleEndian) ? "utf-16le"
            : even < odd && IsText(head[..(head.Length & ~1)], BigEndian) ? "utf-16be"
            : null;
    }

    private static int Different(ReadOnlySpan<byte> head, int from)
    {
        Span<bool> seen = stackalloc bool[256];
        for (var i = from; i < head.Length; i += 2)
        {
            seen[head[i]] = true;
        }
        return seen.Count(true);
    }

    private static bool IsText(ReadOnlySpan<byte> bytes, Encoding encoding)
    {
        var decoder = encoding.GetDecoder();
        var characters = new char[encoding.GetMaxCharCount(bytes.Length)];
        try
        {
            // Without flushing: half a character may stand at the end.
            var count = decoder.GetChars(bytes, characters, flush: false);
            foreach (var rune in characters.AsSpan(0, count).EnumerateRunes())
            {
                if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
                    || (Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune)))
                {
                    return false;
                }
            }
            return count >= 2;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}

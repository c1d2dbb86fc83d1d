using System.Globalization;

namespace Idiolect.Data;

/// <summary>A word of a text.</summary>
/// <param name="Hash">A hash of its letters in lower case.</param>
/// <param name="Length">Its length in UTF-16 units.</param>
internal readonly record struct Word(ulong Hash, int Length);

/// <summary>
/// Finds words in a text that comes in pieces: runs of letters, digits and marks, whatever their case. In scripts that have no spaces between words
/// (Chinese, Japanese, Thai, Lao, Burmese, Khmer) each character is one.
/// </summary>
internal sealed class WordReader
{
    private const ulong Start = 0xcbf29ce484222325;
    private const ulong Prime = 0x100000001b3; // FNV-1a, over 16-bit units

    private ulong _hash = Start;
    private int _length;

    /// <summary>The words so far that are characters of a script without spaces.</summary>
    internal long SpacelessCount { get; private set; }

    /// <summary>Appends the words that end in a piece; its last one may go on in the next.</summary>
    internal void Add(ReadOnlySpan<char> text, List<Word> words)
    {
        foreach (var unit in text)
        {
            if (IsSpaceless(unit))
            {
                End(words);
                Append(unit);
                End(words);
                SpacelessCount++;
            }
            else if (IsLetter(unit))
            {
                Append(char.ToLowerInvariant(unit));
            }
            else
            {
                End(words);
            }
        }
    }

    /// <summary>Appends the word that the text ends with.</summary>
    internal void End(List<Word> words)
    {
        if (_length > 0)
        {
            words.Add(new Word(Mix(_hash), _length));
            (_hash, _length) = (Start, 0);
        }
    }

    /// <summary>Spreads what differs over all bits (the finaliser of MurmurHash3).</summary>
    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }

    private void Append(char unit)
    {
        _hash = (_hash ^ unit) * Prime;
        _length++;
    }

    private static bool IsLetter(char unit) => unit < 0x80
        ? char.IsAsciiLetterOrDigit(unit)
        : char.IsLetterOrDigit(unit) || char.IsSurrogate(unit) || CharUnicodeInfo.GetUnicodeCategory(unit)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool IsSpaceless(char unit) => unit >= 0x0E01
        && (unit is (>= (char)0x0E01 and <= (char)0x0E3A) or (>= (char)0x0E40 and <= (char)0x0E4E) // Thai
                or (>= (char)0x0E81 and <= (char)0x0EDF) // Lao
                or (>= (char)0x1000 and <= (char)0x103F) // Burmese
                or (>= (char)0x1780 and <= (char)0x17D3) // Khmer
                or (>= (char)0x3040 and <= (char)0x30FF) // Hiragana, Katakana
                or (>= (char)0x3400 and <= (char)0x4DBF) or (>= (char)0x4E00 and <= (char)0x9FFF) or (>= (char)0xF900 and <= (char)0xFAFF)); // Han
}

using System.Globalization;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>The classes of characters that the pre-tokenisers distinguish; flags, so that a run may span several.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary>Unicode L*.</summary>
    Letter = 1,

    /// <summary>Unicode N*.</summary>
    Number = 2,

    /// <summary>White space other than carriage return and line feed.</summary>
    Space = 4,

    /// <summary>Carriage return or line feed.</summary>
    Newline = 8,

    /// <summary>Everything else: signs, marks, controls, unassigned and lone surrogates (which become U+FFFD, a sign).</summary>
    Other = 16,

    /// <summary>What <c>\s</c> matches in a regular expression.</summary>
    WhiteSpace = Space | Newline,
}

/// <summary>Looks the class of a character up.</summary>
internal static class CharacterClasses
{
    // One class for each UTF-16 unit; surrogates hold Other and are looked at again in pairs.
    private static readonly CharacterClass[] Table = MakeTable();

    /// <summary>The class of the code point at <paramref name="index"/> and the number of UTF-16 units that it takes.</summary>
    internal static CharacterClass At(ReadOnlySpan<char> text, int index, out int width)
    {
        var unit = text[index];
        if (char.IsHighSurrogate(unit) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            width = 2;
            return Classify(Rune.GetUnicodeCategory(new Rune(unit, text[index + 1])));
        }
        width = 1;
        return Table[unit];
    }

    /// <summary>Where the run of code points of the given classes that begins at <paramref name="start"/> ends.</summary>
    internal static int EndOfRun(ReadOnlySpan<char> text, int start, CharacterClass classes)
    {
        while (start < text.Length && (At(text, start, out var width) & classes) != 0)
        {
            start += width;
        }
        return start;
    }

    private static CharacterClass[] MakeTable()
    {
        var table = new CharacterClass[char.MaxValue + 1];
        for (var unit = 0; unit < table.Length; unit++)
        {
            table[unit] = (char)unit switch
            {
                '\r' or '\n' => CharacterClass.Newline,
                var character when char.IsWhiteSpace(character) => CharacterClass.Space,
                var character => Classify(CharUnicodeInfo.GetUnicodeCategory(character)),
            };
        }
        return table;
    }

    private static CharacterClass Classify(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
        >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => CharacterClass.Number,
        _ => CharacterClass.Other,
    };
}

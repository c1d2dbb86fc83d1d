using System.Globalization;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>The classes of characters that the pre-tokenisers distinguish; flags, so that a run may span several.</summary>
[Flags]
internal enum CharacterClass : ushort
{
    /// <summary>Unicode Lu and Lt.</summary>
    Uppercase = 1,

    /// <summary>Unicode Ll.</summary>
    Lowercase = 2,

    /// <summary>Unicode Lm and Lo: letters of scripts without cases, mostly.</summary>
    Caseless = 4,

    /// <summary>Unicode N*.</summary>
    Number = 8,

    /// <summary>White space other than carriage return and line feed.</summary>
    Space = 16,

    /// <summary>Carriage return or line feed.</summary>
    Newline = 32,

    /// <summary>Unicode M*.</summary>
    Mark = 64,

    /// <summary>Unicode P* and S*, and lone surrogates, which become U+FFFD, a symbol.</summary>
    Sign = 128,

    /// <summary>Controls, formats, private use and unassigned ones.</summary>
    Remaining = 256,

    /// <summary>Unicode L*.</summary>
    Letter = Uppercase | Lowercase | Caseless,

    /// <summary>What <c>\s</c> matches in a regular expression.</summary>
    WhiteSpace = Space | Newline,

    /// <summary>Neither letter nor number nor white space.</summary>
    Other = Mark | Sign | Remaining,
}

/// <summary>Looks the class of a character up.</summary>
internal static class CharacterClasses
{
    // One class for each UTF-16 unit; of surrogates that of a lone one, and pairs are looked at again.
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
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharacterClass.Uppercase,
        UnicodeCategory.LowercaseLetter => CharacterClass.Lowercase,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Caseless,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => CharacterClass.Mark,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => CharacterClass.Remaining,
        _ => CharacterClass.Sign,
    };
}

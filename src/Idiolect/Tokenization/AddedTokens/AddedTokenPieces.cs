using System.Buffers;
using System.Globalization;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// The added tokens in a text, each with the text before it; at last the text behind them, without a token. A token takes white
/// space beside it along where its <c>lstrip</c> or <c>rstrip</c> say so, and is none inside a word where <c>single_word</c> does.
/// </summary>
internal ref struct AddedTokenPieces
{
    private readonly AddedTokenSearch _search;
    private readonly ReadOnlySpan<char> _text;
    private readonly bool _allowSpecial;
    private int _searched; // up to here, no token begins
    private int _taken; // up to here, the text was given out
    private bool _ended;

    /// <param name="search">Finds the tokens.</param>
    /// <param name="text">The text.</param>
    /// <param name="allowSpecial">Whether special tokens are tokens; otherwise they are text, and so is what they cover.</param>
    internal AddedTokenPieces(AddedTokenSearch search, ReadOnlySpan<char> text, bool allowSpecial)
    {
        _search = search;
        _text = text;
        _allowSpecial = allowSpecial;
    }

    /// <summary>The text before the token; perhaps empty.</summary>
    internal ReadOnlySpan<char> Before { get; private set; }

    /// <summary>The token, or null at the end.</summary>
    internal AddedToken? Token { get; private set; }

    internal bool MoveNext()
    {
        if (_ended)
        {
            return false;
        }
        while (_search.FirstIn(_text[_searched..], out var index, out var length) is { } token)
        {
            var start = _searched + index;
            var end = start + length;
            _searched = end;
            if ((token.Special && !_allowSpecial)
                || (token.SingleWord && (EndsWithWord(_text[..start]) || BeginsWithWord(_text[end..]))))
            {
                continue;
            }
            if (token.Lstrip)
            {
                start = Math.Max(_text[..start].TrimEnd().Length, _taken);
            }
            if (token.Rstrip)
            {
                end = _text.Length - _text[end..].TrimStart().Length;
            }
            Before = _taken < start ? _text[_taken..start] : [];
            Token = token;
            _taken = end;
            return true;
        }
        Before = _text[_taken..];
        Token = null;
        _ended = true;
        return true;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text)
        => Rune.DecodeLastFromUtf16(text, out var last, out _) == OperationStatus.Done && IsWord(last);

    private static bool BeginsWithWord(ReadOnlySpan<char> text)
        => Rune.DecodeFromUtf16(text, out var first, out _) == OperationStatus.Done && IsWord(first);

    // \w of Unicode Technical Standard 18: alphabetic characters, marks, decimal digits, connectors and joiners.
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => true,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        // Letters in circles and squares are symbols, but alphabetic.
        _ => rune.Value is 0x200c or 0x200d or (>= 0x24b6 and <= 0x24e9)
            or (>= 0x1f130 and <= 0x1f149) or (>= 0x1f150 and <= 0x1f169) or (>= 0x1f170 and <= 0x1f189),
    };
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class PreTokenScannerTests
{
    private static readonly Regex Gpt2 = new(PreTokenScanner.Gpt2Pattern, RegexOptions.CultureInvariant);

    // .NET's case-insensitive s is no long s; Unicode's case folding, which the originals' engines use, has it.
    private static readonly Regex Gpt4 = new(
        PreTokenScanner.Gpt4Pattern.Replace("'s|", "'[s\u017f]|", StringComparison.Ordinal), RegexOptions.CultureInvariant);

    [Theory]
    [InlineData(PreTokenizer.Gpt2)]
    [InlineData(PreTokenizer.Gpt4)]
    public void Pieces_are_those_of_the_published_regular_expression(PreTokenizer style)
        => NastyText.Gen.Sample(
            text => Assert.Equal(Expected(style, text), Pieces(style, text).Select(CodePoints)), iter: 20_000);

    [Fact]
    public void Every_code_point_of_the_basic_plane_has_the_class_that_regular_expressions_give_it()
    {
        var wrong = Enumerable.Range(0, 0x10000).Select(value => (char)value).Where(character => !char.IsSurrogate(character))
            .Where(character => PreTokenScanner.LengthOfFirst(PreTokenizer.Gpt2, $"a{character}") != Gpt2.Match($"a{character}").Length
                || PreTokenScanner.LengthOfFirst(PreTokenizer.Gpt2, $"1{character}") != Gpt2.Match($"1{character}").Length
                || PreTokenScanner.LengthOfFirst(PreTokenizer.Gpt2, $" {character}a") != Gpt2.Match($" {character}a").Length);
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData(PreTokenizer.Gpt2, "I'll  pay 12345\r\n\r\n  now!", "I|'ll| | pay| 12345|\r\n\r\n | now|!")]
    [InlineData(PreTokenizer.Gpt4, "I'LL  pay 12345\r\n\r\n  (now)!\n", "I|'LL| | pay| |123|45|\r\n\r\n| | (|now|)!\n")]
    [InlineData(PreTokenizer.Gpt4, "\U0001d400\U0001d401 \U0001d7d8", "\U0001d400\U0001d401| |\U0001d7d8")]
    public void Examples_are_cut_as_expected(PreTokenizer style, string text, string expected)
        => Assert.Equal(expected, string.Join('|', Pieces(style, text)));

    private static List<string> Pieces(PreTokenizer style, string text)
    {
        var pieces = new List<string>();
        while (text.Length > 0)
        {
            var length = PreTokenScanner.LengthOfFirst(style, text);
            pieces.Add(text[..length]);
            text = text[length..];
        }
        return pieces;
    }

    private static IEnumerable<int> Expected(PreTokenizer style, string text)
        => (style == PreTokenizer.Gpt2 ? Gpt2 : Gpt4).Matches(InBasicPlane(text)).Select(match => match.Length);

    private static int CodePoints(string piece) => piece.EnumerateRunes().Count();

    // .NET's regular expressions see UTF-16 units, the originals code points: let one unit of the same class stand for each.
    private static string InBasicPlane(string text)
    {
        var units = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            units.Append(rune.IsBmp ? (char)rune.Value : Rune.GetUnicodeCategory(rune) switch
            {
                <= UnicodeCategory.OtherLetter => '\u05d0',
                >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => '\u0663',
                _ => '\u2020',
            });
        }
        return units.ToString();
    }
}

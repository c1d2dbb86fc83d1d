using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class PieceScannerTests
{
    /// <summary>Each published regular expression as its files state it.</summary>
    public static TheoryData<string, string> Published => new()
    {
        { "GPT-2", Gpt2Scanner.Pattern },
        { "GPT-4", Gpt4Scanner.Pattern },
        { "Qwen", @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" },
        {
            "GPT-4o", @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        },
        {
            "Tekken", @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
                + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
                + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        },
        { "DeepSeek", DeepSeekScanner.Pattern },
        { "DeepSeek's Chinese", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+" },
        { "digits", @"\p{N}" },
        { "three digits", @"\p{N}{1,3}" },
        { "numbers", @"\p{N}+" },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Pieces_are_those_of_the_published_regular_expression(string name, string pattern)
    {
        var step = NamedScanner.Split(pattern);
        Assert.True(step is not null, $"{name} is not known");
        var regex = ForDotnet(pattern);
        NastyText.Gen.Sample(text => Assert.Equal(Expected(regex, text), Pieces(step.Scanner, text).Select(CodePoints)), iter: 5_000);
    }

    [Theory, Trait("Lane", "Full")]
    [MemberData(nameof(Published))]
    public void Every_code_point_of_the_basic_plane_is_cut_as_by_the_regular_expression(string name, string pattern)
    {
        var scanner = NamedScanner.Split(pattern)!.Scanner;
        var regex = ForDotnet(pattern);
        var wrong = Enumerable.Range(0, 0x10000).Select(value => (char)value).Where(character => !char.IsSurrogate(character))
            .SelectMany(character => new[] { $"a{character}", $"1{character}", $" {character}a", $"{character}A", $"A{character}1", $"{character}/\n", $".{character}" })
            .Where(text => !Pieces(scanner, text).Select(CodePoints).SequenceEqual(Expected(regex, text)));
        Assert.True(!wrong.Any(), $"{name}: {string.Join(' ', wrong.Take(5).Select(text => string.Join('+', text.Select(character => $"{(int)character:x4}"))))}");
    }

    // A scanner that looked at the rest of the text for each piece would need minutes: 500,000 characters, twice as many pieces' worth of looks.
    [Theory(Timeout = 20_000)]
    [MemberData(nameof(Published))]
    public async Task Time_is_linear_in_texts_on_which_regular_expressions_look_far_ahead(string name, string pattern)
    {
        var scanner = NamedScanner.Split(pattern)!.Scanner;
        string[] parts =
        [
            "a", "A", "aA", "\u4e2dA", "\u0301A", " ", " \n", "\n", "'", "'s", "1", "\u0001", "1\u0001", "!a", "! ", "\u0301", "/", "\u4e2d\u0301", "\t",
        ];
        await Task.Run(() =>
        {
            foreach (var part in parts)
            {
                var text = string.Concat(Enumerable.Repeat(part, 500_000 / part.Length));
                ReadOnlySpan<char> rest = text;
                while (!rest.IsEmpty)
                {
                    TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                    var length = scanner.LengthOfFirst(rest);
                    Assert.True(length > 0, name);
                    rest = rest[length..];
                }
            }
        }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("GPT-2", "I'll  pay 12345\r\n\r\n  now!", "I|'ll| | pay| 12345|\r\n\r\n | now|!")]
    [InlineData("GPT-4", "I'LL  pay 12345\r\n\r\n  (now)!\n", "I|'LL| | pay| |123|45|\r\n\r\n| | (|now|)!\n")]
    [InlineData("GPT-4", "\U0001d400\U0001d401 \U0001d7d8", "\U0001d400\U0001d401| |\U0001d7d8")]
    [InlineData("Qwen", "It's 123 \u0663\u0664", "It|'s| |1|2|3| |\u0663|\u0664")]
    [InlineData("GPT-4o", "helloWorld HTMLParser it's \u4e2dABC a/b//\n12345", "hello|World| HTMLParser| it's| \u4e2d|ABC| a|/b|//\n|123|45")]
    [InlineData("Tekken", "it's 12", "it|'s| |1|2")]
    [InlineData("numbers", "ab12 3", "ab|12| |3")]
    public void Examples_are_cut_as_expected(string name, string text, string expected)
    {
        var pattern = Published.Single(row => row.Data.Item1 == name).Data.Item2;
        Assert.Equal(expected, string.Join('|', Pieces(NamedScanner.Split(pattern)!.Scanner, text)));
    }

    [Fact]
    public void Scanners_behind_each_other_cut_the_pieces_of_the_ones_before()
    {
        var preTokenizer = new PreTokenizer("", false, NamedScanner.Digits(individual: true), NamedScanner.Gpt2);
        NastyText.Gen.Sample(text =>
        {
            var expected = Pieces(preTokenizer.Scanners[0], text).SelectMany(piece => Pieces(preTokenizer.Scanners[1], piece));
            Assert.Equal(expected, Pieces(preTokenizer, text));
        }, iter: 2_000);
    }

    private static List<string> Pieces(PieceScanner scanner, string text)
    {
        var pieces = new List<string>();
        while (text.Length > 0)
        {
            var length = scanner.LengthOfFirst(text);
            pieces.Add(text[..length]);
            text = text[length..];
        }
        return pieces;
    }

    private static List<string> Pieces(PreTokenizer preTokenizer, string text)
    {
        var pieces = new List<string>();
        foreach (var piece in preTokenizer.Pieces(text))
        {
            pieces.Add(piece.ToString());
        }
        return pieces;
    }

    // .NET's case-insensitive s is no long s; Unicode's case folding, which the originals' engines use, has it.
    private static Regex ForDotnet(string pattern)
        => new(pattern.Replace("(?i:'s|", "(?i:'[s\u017f]|", StringComparison.Ordinal), RegexOptions.CultureInvariant);

    // The matches, and what lies between them.
    private static List<int> Expected(Regex regex, string text)
    {
        text = InBasicPlane(text);
        var lengths = new List<int>();
        var end = 0;
        foreach (Match match in regex.Matches(text))
        {
            if (match.Index > end)
            {
                lengths.Add(match.Index - end);
            }
            lengths.Add(match.Length);
            end = match.Index + match.Length;
        }
        if (text.Length > end)
        {
            lengths.Add(text.Length - end);
        }
        return lengths;
    }

    private static int CodePoints(string piece) => piece.EnumerateRunes().Count();

    // .NET's regular expressions see UTF-16 units, the originals code points: let one unit of the same class stand for each.
    private static string InBasicPlane(string text)
    {
        var units = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            units.Append(rune.IsBmp ? (char)rune.Value : Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => '\u0414',
                UnicodeCategory.LowercaseLetter => '\u0434',
                UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => '\u05d0',
                UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '\u0663',
                UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => '\u0301',
                UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => '\ue000',
                _ => '\u2020',
            });
        }
        return units.ToString();
    }
}

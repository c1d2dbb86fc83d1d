using Idiolect.Data;

namespace Idiolect.Tests.Data.Cleaning;

/// <summary>Each rule at its bound: what is just within stays, what is just beyond goes.</summary>
public sealed class GopherRulesTests
{
    private static readonly string Prose = string.Join(' ', PlantedText.Of(new Random(2), 120));

    [Fact]
    public void Ordinary_prose_breaks_no_rule() => Assert.Null(Broken(Prose));

    [Fact]
    public void Length_is_counted_in_words()
    {
        Assert.Equal(("too short", "49 words; 50 are the least"), Broken(string.Join("; ", PlantedText.Of(new Random(3), 49))));
        Assert.Null(Broken(string.Join("; ", PlantedText.Of(new Random(3), 50))));
        Assert.Equal("too long", Broken(string.Join('\n', Enumerable.Range(0, 100_001).Select(i => $"word{i}")))?.Rule);
        Assert.Null(Broken(string.Join('\n', Enumerable.Range(0, 100_000).Select(i => $"word{i}"))));
    }

    [Fact]
    public void Words_are_neither_too_short_nor_too_long_on_average()
    {
        Assert.Equal(("length of words", "2.9 characters on average; from 3 to 10 are usual"), Broken(Numbers(10, 99, 1) + " " + Numbers(100, 999, 1)));
        Assert.Null(Broken(Numbers(100, 199, 1)));
        Assert.Equal("length of words", Broken(string.Join(' ', Enumerable.Range(0, 60).Select(i => $"pneumono{i:000}")))?.Rule);
        Assert.Null(Broken(string.Concat(Enumerable.Range(0, 80).Select(i => (char)(0x4E00 + (37 * i)))))); // each character is a word there
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(4, "repeated lines")]
    public void Few_lines_stand_there_twice(int repeated, string? rule)
    {
        // Of ten lines that many repeat a short one: too few characters to tell, so the number of lines decides.
        var lines = Enumerable.Range(0, 10 - repeated).Select(i => string.Join(' ', PlantedText.Of(new Random(10 + i), 12))).ToList();
        lines[0] = "menu";
        lines.AddRange(Enumerable.Repeat("menu", repeated));

        Assert.Equal(rule, Broken(string.Join("\r\n", lines))?.Rule);
    }

    [Theory]
    [InlineData(3, "repeated lines")]
    [InlineData(7, null)]
    public void Few_characters_stand_in_lines_that_were_there_before(int others, string? rule)
    {
        var lines = Enumerable.Range(0, others).Select(i => string.Join(' ', PlantedText.Of(new Random(20 + i), 15))).ToList();
        lines.Insert(0, lines[0]); // one of four lines, or of eight

        Assert.Equal(rule, BrokenPieces(lines));
    }

    [Fact]
    public void Paragraphs_that_are_not_alike_line_by_line_are_compared_too()
    {
        var paragraphs = Enumerable.Range(0, 4).Select(i => $"line {i}: " + string.Join(' ', PlantedText.Of(new Random(30 + i), 30))).ToList();
        Assert.Null(Broken(string.Join("\n\n", paragraphs)));
        // "a b" over two lines here, and in one there: no line is alike.
        Assert.NotNull(Broken(string.Join("\n\n", [.. paragraphs, .. paragraphs])));
    }

    [Fact]
    public void Paragraphs_that_were_there_before_are_told_of_where_their_lines_are_few_among_others()
    {
        // Four paragraphs of ten are alike: four of 106 lines, and few of the characters.
        var paragraphs = Enumerable.Range(0, 6).Select(i => string.Join('\n', Enumerable.Range(0, 17).Select(j => string.Join(' ', PlantedText.Of(new Random(100 + (17 * i) + j), 8)))));
        var repeated = Enumerable.Repeat(string.Join(' ', PlantedText.Of(new Random(99), 6)), 5);

        Assert.Equal("repeated paragraphs", Broken(string.Join("\n\n", [.. paragraphs, .. repeated]))?.Rule);
    }

    [Theory]
    [InlineData(5, 15)]
    [InlineData(6, 14)]
    [InlineData(7, 13)]
    [InlineData(8, 12)]
    [InlineData(9, 11)]
    [InlineData(10, 10)]
    public void Runs_of_each_length_have_their_bound(int length, int percent)
    {
        // 2,000 words of six letters: runs of just that length return, each once, and no longer one does.
        string Text(int times)
        {
            var words = Enumerable.Range(100_000, 2000).Select(i => $"{i}").ToArray();
            for (var i = 0; i < times; i++)
            {
                Array.Copy(words, 15 * i, words, 1000 + (15 * i), length);
            }
            return string.Join(' ', words);
        }
        var most = 20 * percent / length;

        Assert.Null(Broken(Text(most)));
        Assert.StartsWith($"runs of {length} words", Broken(Text(most + 1))?.Figures, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 20)]
    [InlineData(3, 18)]
    [InlineData(4, 16)]
    public void The_most_frequent_run_of_each_length_has_its_bound(int length, int percent)
    {
        string Text(int times)
        {
            var words = Enumerable.Range(100_000, 1200).Select(i => $"{i}").ToArray();
            for (var i = 0; i < times; i++)
            {
                Array.Copy(words, 0, words, 5 * i, length);
            }
            return string.Join(' ', words);
        }
        var most = 12 * percent / length;

        Assert.Null(Broken(Text(most)));
        Assert.StartsWith($"the same {length} words", Broken(Text(most + 1))?.Figures, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 9, null)]
    [InlineData(2, 20, "the same 2 words")]
    [InlineData(3, 12, "the same 3 words")]
    [InlineData(4, 9, "the same 4 words")]
    public void One_run_of_words_does_not_make_much_of_the_text(int length, int times, string? figures)
    {
        var run = string.Join(' ', PlantedText.Of(new Random(40), length));
        var words = PlantedText.Of(new Random(41), 140);
        var text = string.Join(' ', words.Select((word, i) => i % 7 == 0 && i / 7 < times ? $"{run} {word}" : word));

        Assert.Equal(figures, Broken(text)?.Figures[..(figures?.Length ?? 0)]);
    }

    [Fact]
    public void Runs_that_stood_there_before_do_not_make_much_of_the_text()
    {
        var words = PlantedText.Of(new Random(50), 200);

        Assert.Null(Broken(string.Join(' ', [.. words, .. words[..18]])));
        Assert.Equal("runs of 5 words", Broken(string.Join(' ', [.. words, .. words[50..90]]))?.Figures[..15]); // 40 of 240
        Assert.Equal("runs of 10 words", Broken(string.Join(' ', [.. words[..170], .. words[50..70]]))?.Figures[..16]); // 20 of 190, 18 in two runs of nine
    }

    [Theory]
    [InlineData("Don't stop, 3.14!", "don t stop 3 14")]
    [InlineData("naïve CAFÉ cafe\u0301", "naïve café cafe\u0301")]
    [InlineData("snake_case x-ray", "snake case x ray")]
    [InlineData("日本語 text ไทย", "日 本 語 text ไ ท ย")]
    [InlineData("हिन्दी", "हिन्दी")]
    [InlineData(" \n\t.,", "")]
    public void Words_are_runs_of_letters_digits_and_marks(string text, string expected)
    {
        var lengths = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Length);

        Assert.Equal(lengths, WordsOf(text).Words.Select(word => word.Length));
        Assert.Equal(WordsOf(expected).Words, WordsOf(text).Words);
    }

    private static (List<Word> Words, long Spaceless) WordsOf(string text)
    {
        var (reader, words) = (new WordReader(), new List<Word>());
        reader.Add(text, words);
        reader.End(words);
        return (words, reader.SpacelessCount);
    }

    private static (string Rule, string Figures)? Broken(string text)
    {
        var (words, spaceless) = WordsOf(text);
        return GopherRules.FindBroken(text, words, spaceless);
    }

    /// <summary>The rule on lines alone: the same text without line breaks breaks rules on runs of words.</summary>
    private static string? BrokenPieces(List<string> lines) => Broken(string.Join('\n', lines)) is { Rule: "repeated lines" } broken ? broken.Rule : null;

    private static string Numbers(int from, int to, int step) => string.Join(' ', Enumerable.Range(0, ((to - from) / step) + 1).Select(i => from + (i * step)));
}

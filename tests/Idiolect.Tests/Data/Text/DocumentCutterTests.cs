using CsCheck;
using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Data;

public sealed class DocumentCutterTests
{
    private static readonly string[] Pieces =
        ["a", "the", "don't", "'s", " ", "  ", "\n", "\n\n", "\r\n", "\t", "12", "7", "!", "...", "é", "語語", "😀", "\u0301", "A", "\u00a0", "|", "x1", "-"];

    private static readonly Gen<string> Texts = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 120].Select(string.Concat);

    private static readonly BytePairTokenizer[] Tokenizers =
        [.. new[] { PreTokenizer.Gpt2, PreTokenizer.Gpt4 }.Select(style => new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 330, PreTokenizer = style })
            .Train([string.Join(' ', Enumerable.Repeat("the don't 's 12 ... \n\n A x1 é 語語 the\nthe A\n\n 12!\n", 20))], cancellationToken: TestContext.Current.CancellationToken))];

    [Fact]
    public void Parts_are_the_text_and_tell_where_it_begins_and_ends()
        => Gen.Select(Texts, Gen.Int[2, 40]).Sample((text, length) =>
        {
            var parts = Cut(text, null, length);

            Assert.Equal(text, string.Concat(parts.Select(part => part.Text)));
            Assert.All(parts.Index(), part => Assert.Equal((part.Index == 0, part.Index == parts.Length - 1), (part.Item.IsFirst, part.Item.IsLast)));
            Assert.DoesNotContain(parts, part => part.Text.Length == 0);
        });

    [Fact]
    public void Cutting_changes_no_token_of_any_pattern()
        => Gen.Select(Texts, Gen.Int[2, 60]).Sample((text, length) =>
        {
            var parts = Cut(text, null, length);

            foreach (var tokenizer in Tokenizers)
            {
                Assert.Equal(tokenizer.Encode(text), parts.SelectMany(part => tokenizer.Encode(part.Text)));
            }
        }, iter: 2000);

    [Fact]
    public void A_text_without_a_place_to_cut_is_cut_between_characters()
    {
        var text = string.Concat(Enumerable.Repeat("語😀", 800_000));
        var parts = Cut(text, null, 1 << 15);

        Assert.True(parts.Length > 1);
        Assert.Equal(text, string.Concat(parts.Select(part => part.Text)));
        Assert.All(parts, part => Assert.False(char.IsHighSurrogate(part.Text[^1])));
    }

    private static readonly string[] Documents = ["one", "two\nlines", "a < b", "<|end|", "<", "é\n\nx", "the last"];

    [Fact]
    public void Documents_stand_between_separators_without_the_line_breaks_around_them()
        => Gen.Select(Gen.Int[0, 6].Select(i => Documents[i]).Array[0, 8], Gen.Int[2, 30], Gen.Bool)
            .Sample((documents, length, lines) =>
            {
                var between = lines ? "\n<|end|>\n" : "<|end|>";
                var parts = Cut(string.Join(between, documents) + (lines ? "\n" : ""), "<|end|>", length);

                Assert.Equal(documents, TextPart.Join(parts).Select(document => document.Text));
            });

    [Theory]
    [InlineData("a\n\nb", "a", "b")]
    [InlineData("a\nb", "a\nb")]
    [InlineData("\n\n a\n \t\n\n\nb\r\n\r\nc\n", " a", "b", "c")]
    [InlineData("\n\n\n")]
    public void Blank_lines_separate_documents(string text, params string[] documents)
    {
        for (var length = 2; length < 12; length++)
        {
            Assert.Equal(documents, TextPart.Join(Cut(text, CorpusOptions.BlankLines, length)).Select(document => document.Text));
        }
    }

    [Fact]
    public void Documents_of_a_separated_file_are_numbered()
        => Assert.Equal(["f#1", "f#2"], Cut("a--b", "--", 8).Select(part => part.Name));

    private static TextPart[] Cut(string text, string? separator, int length)
        => [.. DocumentCutter.Read(new StringReader(text), "f", DocumentSeparator.Of(separator), length)];
}

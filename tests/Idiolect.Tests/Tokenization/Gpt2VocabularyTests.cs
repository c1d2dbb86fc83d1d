using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Idiolect.Tokenization;
using Microsoft.ML.Tokenizers;
using Tokenizer = Idiolect.Tokenization.Tokenizer;

namespace Idiolect.Tests.Tokenization;

/// <summary>Against Microsoft.ML.Tokenizers with GPT-2's published vocabulary, which tests/fetch-gpt2-vocabulary.sh fetches.</summary>
public sealed class Gpt2VocabularyTests
{
    private static readonly string Folder = Path.Combine(RepositoryFolder.Path, "artifacts", "test-data", "gpt2");

    private static readonly Lazy<(Tokenizer Ours, BpeTokenizer Theirs)> Both = new(() =>
    {
        var options = new BpeOptions(Path.Combine(Folder, "vocab.json"), Path.Combine(Folder, "merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new Regex(Gpt2Scanner.Pattern, RegexOptions.Compiled), null),
        };
        return (Tokenizer.Load(Folder), BpeTokenizer.Create(options));
    });

    public Gpt2VocabularyTests()
        => Assert.SkipUnless(
            File.Exists(Path.Combine(Folder, "vocab.json")), "GPT-2's vocabulary is missing: run tests/fetch-gpt2-vocabulary.sh.");

    [Fact]
    public void Published_examples_have_their_published_ids()
    {
        Assert.Equal(50257, Both.Value.Ours.VocabularySize);
        Assert.Equal(50256, Both.Value.Ours.BeginningOfTextId);
        Assert.Equal([15496, 11, 995, 0], Both.Value.Ours.Encode("Hello, world!"));
        Assert.Equal([50256], Both.Value.Ours.Encode("<|endoftext|>", allowSpecial: true));
    }

    [Fact, Trait("Lane", "Full")]
    public void Ten_megabytes_in_many_languages_have_the_same_ids()
    {
        const int wanted = 10_500_000;
        var bytes = 0L;
        var texts = SdkTexts.Messages().Distinct()
            .TakeWhile(text => (bytes += Encoding.UTF8.GetByteCount(text)) < wanted).ToList();
        Parallel.ForEach(texts, AssertSame);
        Assert.True(bytes >= 10_000_000, $"The SDK's messages are only {bytes} bytes.");
    }

    // Microsoft.ML.Tokenizers sees UTF-16 units: lone surrogates give it bytes that are no UTF-8, and letters beyond the
    // basic plane are no letters to it, as they are to Hugging Face's library and to us.
    [Fact]
    public void Hostile_strings_have_the_same_ids()
        => NastyText.Gen.Sample(text => AssertSame(string.Concat(text.EnumerateRunes()
            .Where(rune => rune.IsBmp || !Rune.IsLetterOrDigit(rune) && !Rune.IsNumber(rune)))), iter: 5_000);

    [Theory]
    [InlineData("a", 3000)]
    [InlineData(" ", 3000)]
    [InlineData("=", 3000)]
    [InlineData("\u4e2d", 1000)]
    [InlineData("abcdefgh", 500)]
    public void Long_pieces_have_the_same_ids(string part, int times) => AssertSame(string.Concat(Enumerable.Repeat(part, times)));

    private static void AssertSame(string text)
    {
        var ours = Both.Value.Ours.Encode(text);
        var theirs = Both.Value.Theirs.EncodeToIds(text);
        if (!theirs.SequenceEqual(ours))
        {
            Assert.Fail($"'{text}': ours {string.Join(' ', ours)}, theirs {string.Join(' ', theirs)}");
        }
    }
}

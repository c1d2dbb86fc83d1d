using CsCheck;
using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Data;

/// <summary>A corpus that is read again and again is the one that is held in memory.</summary>
public sealed class StreamedCorpusTests : IDisposable
{
    private static readonly Gen<string> Line = Gen.Int[0, 9].Select(i => new[] { "the", "a café", "語 and 😀", "x", "don't 12!", " ", "A line", "of text", "again", "." }[i])
        .Array[1, 30].Select(words => string.Join(' ', words));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Any_corpus_divides_as_in_memory()
        => Gen.Select(
            Gen.Select(Gen.Select(Line, Gen.Int[1, 900], (line, times) => string.Join('\n', Enumerable.Range(0, times).Select(i => $"{line} {i}"))).Array[1, 12], Gen.Int[0, 3], Gen.Bool)
                .Array[1, 3],
            Gen.Int[0, 4], Gen.Bool).Sample((sources, fraction, validates) =>
        {
            var weighted = sources.Select((source, i) =>
            {
                var (documents, weight, separated) = source;
                var file = _folder.Write($"{Guid.NewGuid():N}.txt", string.Join(separated ? "\n<|x|>\n" : "\n", documents));
                return new WeightedSource(file, new[] { 1, 2, 0.3, 1.5 }[weight]);
            }).ToArray();
            var options = new CorpusOptions
            {
                ValidationFraction = new[] { 0, 0.1, 0.5, 0.9, 0.01 }[fraction], Separator = "<|x|>", CacheFolder = _folder["cache"],
                ValidationSource = validates ? weighted[0].Source : null,
            };
            var (memory, stream) = (Try(weighted, options, long.MaxValue), Try(weighted, options, 0));
            Assert.Equal(memory is null, stream is null);
            if (memory is null || stream is null)
            {
                return; // too short to hold some of it out
            }
            var what = string.Join(", ", weighted.Select((source, i) => $"{sources[i].Item1.Length} documents of {string.Join('+', sources[i].Item1.Select(text => text.Length))} x {source.Weight}")) + $" {options.ValidationFraction} {validates}";
            Assert.True(Texts(memory.Training).SequenceEqual(Texts(stream.Training)), what);
            Assert.True(Texts(memory.Validation).SequenceEqual(Texts(stream.Validation)), what);
            Assert.Equal(
                (memory.Training.Count, memory.Validation.Count, memory.TrainingBytes, memory.ValidationBytes),
                (stream.Training.Count, stream.Validation.Count, stream.TrainingBytes, stream.ValidationBytes));
            var again = Try(weighted, options, 0)!; // from what was noted
            Assert.Equal((stream.Hash, stream.TrainingBytes, stream.Training.Count), (again.Hash, again.TrainingBytes, again.Training.Count));
            Assert.Equal(Texts(stream.Validation), Texts(again.Validation));
        }, iter: 25);

    [Fact]
    public void The_same_tokenizer_and_tokens_come_out()
    {
        var file = _folder.Write("a.txt", string.Join('\n', Enumerable.Range(0, 20_000).Select(i => $"Line {i} has the number {i * 7919 % 1000}, don't you see? 語")));
        var options = new CorpusOptions { CacheFolder = _folder["cache"] };
        var (memory, stream) = (Try([new(file)], options, long.MaxValue)!, Try([new(file)], options, 0)!);
        var trainer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 500 });

        var tokenizer = trainer.Train(memory.TokenizerSample().Select(document => document.Text), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(tokenizer.Hash, trainer.Train(stream.TokenizerSample().Select(document => document.Text), cancellationToken: TestContext.Current.CancellationToken).Hash);
        Assert.True(stream.Training.Count(document => document.IsContinuation) > 10);
        foreach (var heldOut in new[] { false, true })
        {
            using var expected = CorpusTokens.Encode(memory, tokenizer, heldOut, cancellationToken: TestContext.Current.CancellationToken);
            using var found = CorpusTokens.Encode(stream, tokenizer, heldOut, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(Tokens(expected), Tokens(found));
            Assert.Equal((expected.ByteCount, expected.Separator), (found.ByteCount, found.Separator));
        }
    }

    [Fact]
    public void A_changed_file_is_read_anew()
    {
        var file = _folder.Write("a.txt", "one two three four five six\n");
        var options = new CorpusOptions { CacheFolder = _folder["cache"] };
        var before = Try([new(file)], options, 0)!;
        File.WriteAllText(file, "one two three four five six seven\n");

        var after = Try([new(file)], options, 0)!;
        Assert.NotEqual(before.Hash, after.Hash);
        Assert.Equal(2, new TokenCache(_folder["cache"]).Entries.Count);
    }

    [Theory]
    [InlineData("a.txt", "a.txt", 1)]
    [InlineData("a.txt:0.5", "a.txt", 0.5)]
    [InlineData("dir/b.jsonl:2", "dir/b.jsonl", 2)]
    [InlineData("C:\\text.txt", "C:\\text.txt", 1)]
    [InlineData("a:b", "a:b", 1)]
    [InlineData("dotnet-docs:0.1", "dotnet-docs", 0.1)]
    [InlineData("-:3", "-", 3)]
    public void A_weight_stands_behind_a_colon(string text, string source, double weight)
        => Assert.Equal(new WeightedSource(source, weight), WeightedSource.Parse(text));

    [Theory]
    [InlineData("a.txt:0")]
    [InlineData("a.txt:-1")]
    [InlineData("a.txt:1001")]
    public void A_weight_that_makes_no_sense_is_refused(string text)
        => Assert.Contains("a.txt", Assert.Throws<ArgumentException>(() => WeightedSource.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_named_like_a_weight_is_a_file()
    {
        var file = _folder.Write("a:2", "text");
        Assert.Equal(new WeightedSource(file), WeightedSource.Parse(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    public void The_smallest_texts_end_with_a_sentence(string text)
    {
        var file = _folder.Write("a.txt", text);
        foreach (var budget in new[] { 0L, long.MaxValue })
        {
            var error = Assert.Throws<InvalidDataException>(() => Corpus.Load(
                [new WeightedSource(file)], new CorpusOptions { CacheFolder = _folder["cache"] }, null, budget, TestContext.Current.CancellationToken));
            Assert.Contains(text.Length == 0 ? "is empty" : "is too short to hold some of it out", error.Message, StringComparison.Ordinal);
        }
    }

    private static Corpus? Try(WeightedSource[] sources, CorpusOptions options, long budget)
    {
        try
        {
            return Corpus.Load(sources, options, null, budget, TestContext.Current.CancellationToken);
        }
        catch (InvalidDataException exception) when (exception.Message.Contains("too short", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static List<string> Texts(IEnumerable<Document> documents)
    {
        var texts = new List<string>();
        foreach (var document in documents)
        {
            if (document.IsContinuation)
            {
                texts[^1] += document.Text;
            }
            else
            {
                texts.Add(document.Text);
            }
        }
        return texts;
    }

    private static int[] Tokens(TokenDataset data)
    {
        var tokens = new int[data.TokenCount];
        data.CopyTo(0, tokens);
        return tokens;
    }
}

using System.Text.Json;
using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data.Cleaning;

/// <summary>What is kept, what is dropped, and what is written.</summary>
public sealed class CorpusCleanerTests : IDisposable
{
    private static readonly CleaningOptions NoRules = new() { GopherRules = false };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_as_a_line_can_be_read_again_however_long_it_is()
    {
        // 16 MiB less what stands around the text, and less the doubled quotes; then a byte too many.
        var text = string.Concat(Enumerable.Repeat("\"words\" ", (16 << 20) / 10))[..^100];
        var room = (16 << 20) - System.Text.Encoding.UTF8.GetByteCount("{\"source\":\"a\",\"text\":\"\"}\n") - text.Length - text.Count(character => character == '"');
        text += new string('x', room);

        Clean([new Document("a", text)], "clean.jsonl", NoRules);

        Assert.Equal(text, Lines("clean.jsonl").Single().Text);
        Assert.Equal(text.Length, TextPart.Join(TextSource.Open(_folder["clean.jsonl"]).ReadParts()).Single().Text.Length);
        Assert.Contains("write a .txt file instead", Assert.Throws<InvalidDataException>(() => Clean([new Document("a", text + "x")], "b.jsonl", NoRules)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Planted_pairs_that_are_alike_lose_one_and_others_none()
    {
        var random = new Random(7);
        var (documents, similarities) = (new List<Document>(), new List<double>());
        for (var pair = 0; pair < 400; pair++)
        {
            var text = PlantedText.Of(random, random.Next(60, 250));
            var other = PlantedText.Changed(random, text, pair % 2 == 0 ? 0.81 + (random.NextDouble() * 0.15) : 0.3 + (random.NextDouble() * 0.3));
            similarities.Add(PlantedText.Similarity(text, other));
            documents.Add(new Document($"{pair}a", string.Join(' ', text)));
            documents.Add(new Document($"{pair}b", string.Join(' ', other)));
        }

        var report = Clean(documents, "clean.jsonl");

        var kept = Lines("clean.jsonl").Select(line => line.Source).ToHashSet();
        var alike = Enumerable.Range(0, similarities.Count).Where(pair => similarities[pair] >= 0.8).ToArray();
        var others = Enumerable.Range(0, similarities.Count).Where(pair => similarities[pair] <= 0.6).ToArray();
        Assert.True(alike.Length > 150 && others.Length > 150);
        Assert.InRange(alike.Count(pair => !kept.Contains($"{pair}b")), 0.95 * alike.Length, alike.Length);
        Assert.InRange(others.Count(pair => !kept.Contains($"{pair}b")), 0, 0.01 * others.Length);
        Assert.All(Enumerable.Range(0, similarities.Count), pair => Assert.Contains($"{pair}a", kept));
        Assert.Equal((800, kept.Count, 800 - kept.Count), (report.Documents, report.Kept, report.Dropped[DropReason.Near]));
    }

    [Fact]
    public void Each_document_goes_for_the_first_reason_and_the_first_of_duplicates_stays()
    {
        var random = new Random(8);
        var (text, secret, other) = (PlantedText.Of(random, 100), PlantedText.Of(random, 100), PlantedText.Of(random, 100));
        var near = (string[])text.Clone();
        near[50] = "another";
        Document[] documents =
        [
            new("short", "a short text"),
            new("first", string.Join(' ', text)),
            new("copy", string.Join(' ', text)),
            new("near", string.Join(' ', near)),
            new("same words", string.Join("\n", text).ToUpperInvariant()),
            new("leak", string.Join(' ', [.. PlantedText.Of(random, 60), .. secret[20..33], .. PlantedText.Of(random, 60)])),
            new("no leak", string.Join(' ', [.. other, .. secret[20..32]])),
        ];

        var report = Clean(documents, "clean.jsonl", new CleaningOptions { HeldOut = [new Document("test", string.Join(", ", secret))] });

        Assert.Equal(["first", "no leak"], Lines("clean.jsonl").Select(line => line.Source));
        Assert.Equal(
            [("short", DropReason.Filter), ("copy", DropReason.Exact), ("near", DropReason.Near), ("same words", DropReason.Near), ("leak", DropReason.HeldOut)],
            report.Examples.Select(example => (example.Name, example.Reason)));
        Assert.Equal(["first", "first", "first"], report.Examples.Where(example => example.Reason is DropReason.Exact or DropReason.Near).Select(example => example.Detail));
        Assert.Equal([("too short", 1L)], report.Rules);
        Assert.Equal((7, 2, documents.Sum(document => document.Text.Length)), (report.Documents, report.Kept, report.Bytes));
        Assert.Equal(Lines("clean.jsonl").Sum(line => line.Text.Length), report.KeptBytes);
    }

    [Fact]
    public void A_document_in_parts_is_judged_as_one()
        => Gen.Select(Gen.Int[1, 400], Gen.Int[0, 2], Gen.Int[0, 1000]).Sample((length, kind, seed) =>
        {
            var random = new Random(seed);
            string[] words = [.. kind == 0 ? ["語", "ไทย", "Ö"] : Array.Empty<string>(), .. PlantedText.Of(random, length)];
            if (kind == 1)
            {
                words = [.. words, .. words, "語"];
            }
            var text = string.Join(random.Next(2) == 0 ? " " : "\n", words);
            var cuts = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(text.Length)).Append(0).Append(text.Length).Distinct().Order().ToArray();
            var parts = Enumerable.Range(0, cuts.Length - 1).Select(i => text[cuts[i]..cuts[i + 1]]).ToArray();
            using var whole = new DocumentAnalysis("", rules: true, null);
            using var cut = new DocumentAnalysis("", rules: true, null);
            whole.Add(text);
            Array.ForEach(parts, cut.Add);
            whole.End();
            cut.End();

            Assert.Equal(whole.Digest, cut.Digest);
            Assert.Equal(whole.Signature, cut.Signature);
            Assert.Equal(whole.BrokenRule, cut.BrokenRule);
            var corpus = parts.Select((part, i) => new Document("long", part) { IsContinuation = i > 0 }).Append(new Document("copy", text));
            var name = $"{Guid.NewGuid():N}.jsonl"; // samples run side by side
            var report = Clean(corpus, name, NoRules);
            Assert.Equal((2, 1, 1), (report.Documents, report.Kept, report.Dropped[DropReason.Exact]));
            Assert.Equal(text, Assert.Single(Lines(name)).Text);
        }, iter: 200);

    [Fact]
    public void A_text_beyond_the_longest_is_told_from_its_beginning_alone()
    {
        using var analysis = new DocumentAnalysis("", rules: true, null);
        for (var i = 0; i < 40; i++)
        {
            analysis.Add(string.Concat(Enumerable.Range(0, 10_000).Select(j => $"word {j} ")));
        }
        analysis.End();

        Assert.Equal("too long", analysis.BrokenRule?.Rule);
    }

    [Theory]
    [InlineData("clean.jsonl")]
    [InlineData("clean.txt")]
    [InlineData("clean")]
    public void What_is_written_reads_back_as_the_same_documents(string name)
    {
        string[] texts = ["one\ntwo\n\nthree \"quoted\" \\ \t语 😀", "<b>&amp;</b>", "last"];
        var path = _folder[name];

        CorpusCleaner.Clean(texts.Select((text, i) => new Document($"{i}", text)), path, NoRules, cancellationToken: TestContext.Current.CancellationToken);

        var read = TextSource.Open(path, new CorpusOptions { Separator = "<|endoftext|>" }).Read();
        Assert.Equal(texts, read.Select(document => document.Text.TrimEnd('\n')));
    }

    [Fact]
    public void A_separator_within_a_text_is_refused_even_over_two_parts()
    {
        Document[] documents = [new("a", "some <|endof"), new("a", "text|> more") { IsContinuation = true }];

        var exception = Assert.Throws<InvalidDataException>(() => Clean(documents, "clean.txt", NoRules));

        Assert.Contains("a holds <|endoftext|>", exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal(1, Clean(documents, "clean.jsonl", NoRules).Kept);
    }

    [Fact]
    public void Nothing_is_left_behind_by_what_ends_early()
    {
        var calls = 0;
        IEnumerable<Document> Changing()
        {
            yield return new Document("a", ++calls == 1 ? "some text" : "other texts");
        }
        using var cancelled = new CancellationTokenSource();
        IEnumerable<Document> Cancelling()
        {
            yield return new Document("a", "text");
            cancelled.Cancel();
            yield return new Document("b", "text");
        }

        Assert.Contains("changed while it was read", Assert.Throws<InvalidDataException>(() => Clean(Changing(), "a.txt", NoRules)).Message, StringComparison.Ordinal);
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(() => Clean([], "a.txt")).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<OperationCanceledException>(() => CorpusCleaner.Clean(Cancelling(), _folder["a.txt"], NoRules, cancellationToken: cancelled.Token));
        Assert.Equal(0, Clean([new Document("a", "too short")], "a.txt").Kept);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("clean.parquet", 0.7, "neither .jsonl nor .txt")]
    [InlineData("clean.jsonl.gz", 0.7, "neither .jsonl nor .txt")]
    [InlineData("", 0.7, "folder")]
    [InlineData("clean.txt", 0.2, "from 0.3 to 1")]
    [InlineData("clean.txt", double.NaN, "from 0.3 to 1")]
    public void What_cannot_be_done_is_refused_before_reading(string name, double similarity, string expected)
    {
        var exception = Assert.ThrowsAny<ArgumentException>(() => Clean(Untouched(), name, new CleaningOptions { Similarity = similarity }));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);

        static IEnumerable<Document> Untouched()
        {
            Assert.Fail("read");
            yield break;
        }
    }

    [Fact]
    public void Held_out_text_of_any_length_fits_or_is_refused()
    {
        var words = string.Join(' ', Enumerable.Range(0, 113).Select(i => $"word{i}"));

        Assert.NotNull(new HeldOutText([new Document("a", words)], TestContext.Current.CancellationToken, most: 101));
        var exception = Assert.Throws<InvalidDataException>(() => new HeldOutText([new Document("a", words)], TestContext.Current.CancellationToken, most: 100));
        Assert.Contains("give a smaller part", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("., !\n\n")]
    public void Held_out_text_without_words_is_refused_since_nothing_would_be_checked(string text)
    {
        Document[] heldOut = text.Length == 0 ? [] : [new Document("test", text)];

        var exception = Assert.Throws<InvalidDataException>(() => Clean([new Document("a", "some text")], "a.txt", NoRules with { HeldOut = heldOut }));

        Assert.Equal("The held-out text has no words: give the text on which a model is to be measured.", exception.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(1, 0)] // comparing
    [InlineData(2, 0)] // writing
    [InlineData(0, 1)] // the held-out text
    public void A_cancellation_is_heard_at_the_next_document_in_each_phase_and_leaves_nothing(int reading, int readingHeldOut)
    {
        using var cancelled = new CancellationTokenSource();
        var (readings, readingsHeldOut) = (0, 0);
        IEnumerable<Document> Texts(string name, bool cancels)
        {
            for (var i = 0; i < (cancels ? 20 : 3); i++)
            {
                if (cancels)
                {
                    cancelled.Cancel();
                }
                yield return new Document(name, new string((char)('a' + (i % 26)), 1 << 20)); // four are a batch
            }
        }
        IEnumerable<Document> Documents()
        {
            readings++;
            foreach (var document in Texts("a", readings == reading))
            {
                yield return document;
            }
        }
        IEnumerable<Document> HeldOut()
        {
            readingsHeldOut++;
            foreach (var document in Texts("b", readingsHeldOut == readingHeldOut))
            {
                yield return document with { Text = document.Text + " held out" };
            }
        }

        Assert.ThrowsAny<OperationCanceledException>(
            () => CorpusCleaner.Clean(Documents(), _folder["a.txt"], NoRules with { HeldOut = HeldOut() }, cancellationToken: cancelled.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Held_out_runs_of_words_end_with_their_document_and_rules_come_first()
    {
        var words = PlantedText.Of(new Random(9), 200);
        var (a, b) = (string.Join(' ', words[..60]), string.Join(' ', words[60..120]));
        Document[] documents = [new("over the border", string.Join(' ', [.. words[120..160], .. words[48..72], .. words[160..200]])), new("short", string.Join(' ', words[..20]))];

        var report = Clean(documents, "clean.jsonl", new CleaningOptions { HeldOut = [new Document("a", a), new Document("b", b)] });

        Assert.Equal("over the border", Lines("clean.jsonl").Single().Source);
        Assert.Equal(DropReason.Filter, report.Examples.Single().Reason);
        Assert.Equal(report.Documents, report.Kept + report.Dropped.Values.Sum());
    }

    private CleaningReport Clean(IEnumerable<Document> documents, string name, CleaningOptions? options = null)
        => CorpusCleaner.Clean(documents, _folder[name], options, cancellationToken: TestContext.Current.CancellationToken);

    private (string Source, string Text)[] Lines(string name)
        => [.. File.ReadLines(_folder[name]).Select(line => JsonDocument.Parse(line).RootElement).Select(line => (line.GetProperty("source").GetString()!, line.GetProperty("text").GetString()!))];
}

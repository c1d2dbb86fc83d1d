using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class ParallelCorpusTests : IDisposable
{
    private static readonly Lazy<ParallelCorpus> German = new(() => ParallelCorpus.Load(ParallelCorpus.DotnetResources, new ParallelCorpusOptions()));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact, Trait("Lane", "Full")]
    public void The_SDK_holds_thousands_of_pairs_that_are_clean_and_divided()
    {
        var corpus = German.Value;
        SentencePair[] all = [.. corpus.Training, .. corpus.Validation, .. corpus.Test];
        Assert.True(all.Length > 10_000, $"{all.Length} pairs");
        Assert.InRange((double)corpus.Test.Count / all.Length, 0.07, 0.09);
        Assert.InRange((double)corpus.Validation.Count / all.Length, 0.03, 0.05);
        Assert.Equal(all.Length, all.Select(pair => (pair.Source, pair.Target)).Distinct().Count());
        Assert.All(all, pair =>
        {
            Assert.NotEqual(pair.Source, pair.Target);
            Assert.InRange(pair.Source.Length, 1, 300);
            Assert.InRange(pair.Target.Length, 1, 300);
            Assert.NotEqual("", SentencePair.Letters(pair.Source));
            Assert.NotEqual("", SentencePair.Letters(pair.Target));
        });
        Assert.Contains(all, pair => pair.Target.Contains("nicht gefunden", StringComparison.Ordinal));
    }

    [Theory, Trait("Lane", "Full")]
    [InlineData(ParallelSplitKind.Cluster)]
    [InlineData(ParallelSplitKind.Assembly)]
    public void No_held_out_sentence_stands_in_the_training_set_in_either_language(ParallelSplitKind kind)
    {
        var corpus = kind == ParallelSplitKind.Cluster
            ? German.Value
            : ParallelCorpus.Load(ParallelCorpus.DotnetResources, new ParallelCorpusOptions { Split = kind });
        Assert.Equal(0, corpus.Overlap);
        foreach (var side in new Func<SentencePair, string>[] { pair => pair.Source, pair => pair.Target })
        {
            var seen = corpus.Training.Select(pair => SentencePair.Letters(side(pair))).ToHashSet();
            Assert.DoesNotContain(corpus.Test.Concat(corpus.Validation), pair => seen.Contains(SentencePair.Letters(side(pair))));
        }
        if (kind == ParallelSplitKind.Assembly)
        {
            Assert.Empty(corpus.Test.Select(pair => pair.Origin).Intersect(corpus.Training.Concat(corpus.Validation).Select(pair => pair.Origin)));
            Assert.True(corpus.Test.Count > 300, $"{corpus.Test.Count} test pairs");
        }
    }

    [Theory]
    [InlineData("The {0:x} file '{1}' has 3 errors!", "thefilehaserrors")]
    [InlineData("THE FILE has 17 errors.", "thefilehaserrors")]
    [InlineData("$(OutDir)\\%1 @(Compile): größe", "größe")]
    [InlineData("{0} - {1} (100%)", "")]
    public void Letters_are_what_is_left_without_placeholders_digits_punctuation_and_case(string text, string letters)
        => Assert.Equal(letters, SentencePair.Letters(text));

    [Fact]
    public void Sentences_that_are_linked_through_either_language_stay_together()
    {
        // a-b share a source, b-c a target: the three are one cluster, wherever it falls.
        var lines = Enumerable.Range(0, 300).Select(i => $"word{Word(i)}\twort{Word(i)}")
            .Append("Same source {0}\tZiel eins").Append("same source 1!\tZiel zwei").Append("other source\tziel, zwei").Append("x1\tx2");
        var corpus = Load(_folder.Write("pairs.tsv", string.Join('\n', lines)));
        var linked = new[] { corpus.Training, corpus.Validation, corpus.Test }
            .Select(side => side.Count(pair => pair.Target.StartsWith("ziel", StringComparison.OrdinalIgnoreCase)));
        Assert.Equal([0, 0, 3], linked.Order());
        Assert.Equal(0, corpus.Overlap);
    }

    [Fact]
    public void Files_of_pairs_are_cleaned_and_hashed_by_content()
    {
        var lines = Enumerable.Range(0, 100).Select(i => $"  some   text {Word(i)}\t ein Text {Word(i)} ").ToList();
        var plain = Load(_folder.Write("a.tsv", string.Join('\n', lines)));
        var again = Load(_folder.Write("b.tsv", string.Join("\r\n", [.. lines, lines[0], "same\tsame", "{0}\t{0}.", $"{new string('a', 301)}\tb", "\tempty"])));
        Assert.Equal(100, plain.Training.Count + plain.Validation.Count + plain.Test.Count);
        Assert.Equal(plain.Hash, again.Hash);
        Assert.Contains(plain.Training.Concat(plain.Test).Concat(plain.Validation), pair => pair.Source == $"some text {Word(1)}");

        var json = lines.Select(line => line.Split('\t')).Select(pair => $$"""{"en":"{{pair[0]}}","de":"{{pair[1]}}"}""");
        Assert.Equal(plain.Hash, Load(_folder.Write("c.jsonl", string.Join('\n', json))).Hash);
    }

    [Fact]
    public void Bad_input_is_refused_in_a_line_that_names_it()
    {
        Refused<FileNotFoundException>("missing.tsv", null, "There is no file");
        Refused<InvalidDataException>("bad.tsv", "a\tb\nno tab here", "bad.tsv, line 2: expected a sentence, one tab");
        Refused<InvalidDataException>("few.tsv", "a\tb", "too few to hold some out");
        Refused<InvalidDataException>("bad.jsonl", """{"en":"a"}""", "there is no field \"de\": name the field that holds the target language");
        var unknown = Assert.Throws<ArgumentException>(
            () => ParallelCorpus.Load(ParallelCorpus.DotnetResources, new ParallelCorpusOptions { To = ["xx"] }));
        Assert.Contains("has no language \"xx\"; it has en, cs, de", unknown.Message, StringComparison.Ordinal);
        var several = Assert.Throws<ArgumentException>(
            () => ParallelCorpus.Load(_folder.Write("one.tsv", "a\tb"), new ParallelCorpusOptions { To = ["de", "fr"] }));
        Assert.Contains("one.tsv has one translation a line", several.Message, StringComparison.Ordinal);
        var none = Assert.Throws<DirectoryNotFoundException>(
            () => ParallelCorpus.Load(ParallelCorpus.DotnetResources, new ParallelCorpusOptions { DotnetRoot = _folder.Path }));
        Assert.Contains("Install the .NET SDK", none.Message, StringComparison.Ordinal);
    }

    private void Refused<TException>(string name, string? content, string words)
        where TException : Exception
    {
        var file = content is null ? _folder[name] : _folder.Write(name, content);
        Assert.Contains(words, Assert.Throws<TException>(() => Load(file)).Message, StringComparison.Ordinal);
    }

    private static ParallelCorpus Load(string file) => ParallelCorpus.Load(file, new ParallelCorpusOptions());

    /// <summary>A number in letters, because digits do not count.</summary>
    private static string Word(int number) => string.Concat(number.ToString("D3").Select(digit => (char)('a' + digit - '0')));
}

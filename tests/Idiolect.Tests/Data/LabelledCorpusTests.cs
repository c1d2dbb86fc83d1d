using Idiolect.Data;
using Idiolect.Evaluation;

namespace Idiolect.Tests.Data;

/// <summary>Labelled texts: how they are read and divided, and how labels given to them are counted.</summary>
public sealed class LabelledCorpusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_label_has_its_share_held_out_whatever_the_order_of_the_lines()
    {
        string[] lines = [.. Enumerable.Range(0, 100).Select(i => $$"""{"body":"text {{i}}","kind":{{(i < 90 ? 1 : 2)}}}""")];
        var options = new LabelledCorpusOptions { TextField = "body", LabelField = "kind", ValidationFraction = 0.2 };
        var corpus = LabelledCorpus.Load(_folder.Write("a.jsonl", string.Join('\n', lines)), options);
        Assert.Equal(["1", "2"], corpus.Labels);
        Assert.Equal((18, 2), (corpus.Validation.Count(text => text.Label == "1"), corpus.Validation.Count(text => text.Label == "2")));
        Assert.Equal(80, corpus.Training.Count);
        Assert.Empty(corpus.Training.Intersect(corpus.Validation));
        var reversed = LabelledCorpus.Load(_folder.Write("b.jsonl", string.Join('\n', lines.Reverse())), options);
        Assert.Equal(corpus.Validation.Select(text => text.Text).Order(), reversed.Validation.Select(text => text.Text).Order());
    }

    [Fact]
    public void A_text_counts_once_so_none_stands_on_both_sides()
    {
        var lines = Enumerable.Range(0, 60).Select(i => $$"""{"text":"text {{i % 20}}","label":"{{(i < 30 ? "a" : "b")}}"}""")
            .Append("""{"text":"more","label":"b"}""").Append("""{"text":"and more","label":"b"}""").Append("""{"text":"","label":"b"}""");
        var corpus = LabelledCorpus.Load(_folder.Write("a.jsonl", string.Join('\n', lines)));
        Assert.Equal(22, corpus.Training.Count + corpus.Validation.Count);
        Assert.Equal(22, corpus.Training.Concat(corpus.Validation).Select(text => text.Text).Distinct().Count());
    }

    [Theory]
    [InlineData("""{"text":"a","label":"x"}""", "has one label only")]
    [InlineData("""{"text":"a"}""", "there is no field \"label\": name the field that holds the label")]
    [InlineData("""{"text":"a","label":["x"]}""", "field \"label\" must be a string, found an array")]
    [InlineData("""{"text":5,"label":"x"}""", "field \"text\" must be a string, found a number")]
    [InlineData("nonsense", "not one whole JSON object")]
    [InlineData("{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"y\"}", "no label with two different texts")]
    public void What_makes_no_sense_is_refused_by_file_and_field(string content, string words)
    {
        var file = _folder.Write("bad.jsonl", content);
        var error = Assert.Throws<InvalidDataException>(() => LabelledCorpus.Load(file));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("bad.jsonl", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("There is no file missing.jsonl", Assert.Throws<FileNotFoundException>(() => LabelledCorpus.Load("missing.jsonl")).Message, StringComparison.Ordinal);

    [Fact]
    public void Namespace_texts_do_not_name_a_namespace()
    {
        LabelledText[] texts =
        [
            .. NamespaceTexts.Read([
                new("a", "method System.Linq.Enumerable.Count(IEnumerable source)\nCounts what System.Linq.Enumerable and List.Count have, one by one, slowly."),
                new("b", "type Short\nA text about a type that has no namespace at all, which is left out."),
                new("c", "type System.IO.File\nToo short."),
            ])
        ];
        var text = Assert.Single(texts);
        Assert.Equal("System.Linq", text.Label);
        Assert.Equal("Counts what  and  have, one by one, slowly.", text.Text);
    }

    [Fact]
    public void Scores_are_counted_as_defined()
    {
        var lines = Enumerable.Range(0, 40).Select(i => $$"""{"text":"{{(i % 4 == 0 ? "apple pear" : "hammer saw")}} {{i}}","label":"{{(i % 4 == 0 ? "fruit" : "tool")}}"}""");
        var corpus = LabelledCorpus.Load(_folder.Write("a.jsonl", string.Join('\n', lines)), new LabelledCorpusOptions { ValidationFraction = 0.4 });
        Assert.Equal(16, corpus.Validation.Count); // 4 fruits, 12 tools
        var wrong = 0;
        var scores = ClassificationScores.Measure([.. corpus.Validation.Select(text => text.Label == "tool" ? 1 : wrong++ < 2 ? 1 : 0)], corpus, corpus.Labels);
        Assert.Equal((16, 14.0 / 16, 12.0 / 16, 1.0), (scores.Texts, scores.Accuracy, scores.MajorityAccuracy, scores.NaiveBayesAccuracy));
        Assert.Equal(((2.0 * 2 / (4 + 2)) + (2.0 * 12 / (12 + 14))) / 2, scores.MacroF1, 1e-12);
        Assert.Equal((2, 2, 0, 12), (scores.Confusion[0, 0], scores.Confusion[0, 1], scores.Confusion[1, 0], scores.Confusion[1, 1]));
        Assert.Equal(1, scores.NaiveBayesMacroF1);
    }
}

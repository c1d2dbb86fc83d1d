using System.Text;
using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class CorpusTests : IDisposable
{
    private static readonly string[] Characters = ["a", "é", "語", "😀"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_text_file_is_cut_by_position_at_nine_tenths()
    {
        var corpus = Corpus.Load(_folder.Write("a.txt", "0123456789abcdefghijABCDEFGHI"), cancellationToken: TestContext.Current.CancellationToken);

        // nanoGPT: int(29 * 0.9) = 26
        Assert.Equal("0123456789abcdefghijABCDEF", Assert.Single(corpus.Training).Text);
        Assert.Equal("GHI", Assert.Single(corpus.Validation).Text);
    }

    [Fact]
    public void Tinyshakespeare_is_cut_as_nanoGPT_cuts_it()
    {
        // The text has 1,115,394 characters; nanoGPT publishes 1,003,854 and 111,540 tokens of one character each.
        var corpus = Corpus.Load(_folder.Write("a.txt", new string('x', 1_115_394)), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal((1_003_854, 111_540), (corpus.TrainingBytes, corpus.ValidationBytes));
    }

    [Fact]
    public void A_cut_counts_code_points_and_breaks_none()
        => Gen.Select(Gen.Int[0, 3].Select(i => Characters[i]).Array[1, 60], Gen.Double[0.01, 0.99]).Sample((characters, fraction) =>
        {
            var text = string.Concat(characters);
            var (training, validation) = CorpusSplit.ByPosition(new Document("x", text), fraction);

            var first = training.Count == 0 ? "" : training[0].Text;
            var second = validation.Count == 0 ? "" : validation[0].Text;
            Assert.Equal(string.Concat(characters[..(int)(characters.Length * (1 - fraction))]), first);
            Assert.Equal(text, first + second);
        });

    [Fact]
    public void About_a_tenth_of_many_documents_is_held_out()
    {
        var documents = Enumerable.Range(0, 2000).Select(i => new Document($"{i}", $"text {i}")).ToArray();

        var (training, validation) = CorpusSplit.ByContent(documents, 0.1);

        Assert.InRange(validation.Count, 150, 250);
        Assert.Equal(2000, training.Count + validation.Count);
    }

    [Fact]
    public void A_document_keeps_its_side_when_others_come_and_go()
    {
        var documents = Enumerable.Range(0, 500).Select(i => new Document($"{i}", $"text {i}")).ToArray();

        var some = CorpusSplit.ByContent(documents[..250], 0.3).Validation;
        var all = CorpusSplit.ByContent(documents, 0.3).Validation;

        Assert.Equal(some, all.Intersect(documents[..250]));
    }

    [Fact]
    public void Two_documents_give_one_to_each_side()
        => Gen.String[1, 20].Array[2].Where(texts => texts[0] != texts[1]).Sample(texts =>
        {
            var (training, validation) = CorpusSplit.ByContent([new("a", texts[0]), new("b", texts[1])], 0.1);

            Assert.Single(training);
            Assert.Single(validation);
        });

    [Fact]
    public void The_hash_ignores_names_but_not_content_order_or_division()
    {
        Document a = new("a", "one"), b = new("b", "two"), renamed = new("c", "one");
        var hash = new Corpus("x", [a], [b]).Hash;

        Assert.Equal(hash, new Corpus("y", [renamed], [b]).Hash);
        string[] others =
        [
            new Corpus("x", [b], [a]).Hash,
            new Corpus("x", [a, b], []).Hash,
            new Corpus("x", [new Document("a", "onet")], [new Document("b", "wo")]).Hash,
        ];
        Assert.DoesNotContain(hash, others);
        Assert.Equal(3, others.Distinct().Count());
    }

    [Fact]
    public void A_folder_gives_all_its_text_files_in_ordinal_order_and_no_hidden_ones()
    {
        _folder.Write("b.txt", "B");
        _folder.Write("Z.md", "Z");
        _folder.Write("sub/a.jsonl", """{"text":"J"}""");
        _folder.Write("image.png", [0xFF, 0xD8]);
        _folder.Write(".git/c.txt", "hidden");

        var corpus = Corpus.Load(_folder.Path, new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["Z", "B", "J"], corpus.Training.Select(document => document.Text));
    }

    [Fact]
    public void A_glob_gives_the_files_that_match()
    {
        _folder.Write("src/a.cs", "A");
        _folder.Write("src/deep/er/b.cs", "B");
        _folder.Write("src/c.txt", "C");

        var corpus = Corpus.Load(_folder["src/**/*.cs"], new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["A", "B"], corpus.Training.Select(document => document.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/*.txt")]
    [InlineData("/**/*.txt")]
    public void Symbolic_links_are_passed_over(string form)
    {
        _folder.Write("loop/a.txt", "A");
        Link("loop/self", ".");
        Link("loop/b.txt", "a.txt");
        Link("loop/dangling.txt", "nothing");

        var corpus = Corpus.Load(_folder["loop"] + form, new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("A", Assert.Single(corpus.Training).Text);
    }

    private void Link(string name, string target)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs the right to make symbolic links");
        File.CreateSymbolicLink(_folder[name], target);
    }

    [Fact]
    public void A_byte_order_mark_is_no_text()
        => Assert.Equal(
            "abc",
            Corpus.Load(_folder.Write("a.txt", [0xEF, 0xBB, 0xBF, .. "abc"u8]), new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken).Training.First().Text);

    [Fact]
    public void A_json_lines_field_can_be_named()
    {
        var file = _folder.Write("a.jsonl", """
            {"id":1,"body":"first\nline","text":"no"}

            {"meta":{"body":"inner"},"body":"second 😀"}
            """);

        var corpus = Corpus.Load(file, new CorpusOptions { Field = "body", ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["first\nline", "second 😀"], corpus.Training.Select(document => document.Text));
        Assert.Equal(Encoding.UTF8.GetByteCount("first\nlinesecond 😀"), corpus.TrainingBytes);
    }
}

using System.Text;
using System.Text.Json;
using Idiolect.Data;

namespace Idiolect.Cli.Tests;

public sealed class DataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Statistics_count_what_there_is()
    {
        var file = _folder.Write("a.jsonl", "{\"text\":\"aé\"}\n{\"text\":\"bbbb\"}\n");
        _folder.Write("b.txt", [0xFF]);

        var result = await Cli.RunAsync("data", "stats", _folder.Path, "--tokenizer", "byte", "--skip-bad", "--json");

        var done = Last(result);
        Assert.Equal(
            ("done", 2, 7, 7, 1),
            (done.GetProperty("event").GetString(), done.GetProperty("documents").GetInt32(), done.GetProperty("bytes").GetInt32(),
                done.GetProperty("tokens").GetInt32(), done.GetProperty("skipped").GetInt32()));
        Assert.Equal((98, 4), (done.GetProperty("mostFrequent")[0].GetProperty("id").GetInt32(), done.GetProperty("mostFrequent")[0].GetProperty("count").GetInt32()));
        Assert.Contains("passed over", result.Error, StringComparison.Ordinal);
        Assert.Contains("documents          2", (await Cli.RunAsync("data", "stats", file, "--tokenizer", "char")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_show_the_tokens_that_a_model_sees()
    {
        var file = _folder.Write("a.txt", "one two\n<|endoftext|>\nthree\n");

        var result = await Cli.RunAsync("data", "show", file, "--separator", "<|endoftext|>", "--tokenizer", "char");

        Assert.Equal($"{file}#1\n  <|endoftext|>|o|n|e| |t|w|o\n{file}#2\n  <|endoftext|>|t|h|r|e|e\n", result.Out);
        var json = await Cli.RunAsync("data", "show", file, "--samples", "1", "--max-tokens", "2", "--tokenizer", "byte", "--json");
        Assert.Equal("[256,111]", JsonDocument.Parse(json.Out.Split('\n')[0]).RootElement.GetProperty("ids").GetRawText());
    }

    [Fact]
    public async Task Standard_input_is_a_source_like_any_other()
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes("piped in\n\nand more"));

        var done = Last(await Cli.RunWithInputAsync(input, "data", "stats", "-", "--separator", "blank-lines", "--tokenizer", "char", "--json"));

        Assert.Equal((2, 16), (done.GetProperty("documents").GetInt32(), done.GetProperty("bytes").GetInt32()));
        Assert.Contains("nothing is piped into it", (await Cli.RunAsync("data", "stats", "-")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-", "standard input, which is plain text")]
    [InlineData("a.txt", "a.txt, whose texts have no fields")]
    public async Task A_field_of_plain_text_is_refused(string source, string what)
    {
        var file = _folder.Write("a.txt", "some text");
        foreach (var verb in new[] { "show", "stats" })
        {
            var result = await Cli.RunWithInputAsync(new MemoryStream("{}"u8.ToArray()), "data", verb, source == "-" ? source : file, "--field", "body");
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("--field means nothing to ", result.Error, StringComparison.Ordinal);
            Assert.Contains(what, result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_weight_out_of_range_is_a_usage_error()
    {
        _folder.Write("a.txt", "text");
        foreach (var words in new[] { $"train --data {_folder["a.txt"]}:0", $"data stats {_folder["a.txt"]}:-1" })
        {
            Assert.Equal(2, (await Cli.RunAsync(words.Split(' '))).ExitCode);
        }
        var many = _folder.Write("b.jsonl", string.Join('\n', Enumerable.Range(0, 20).Select(i => $"{{\"text\":\"document {i}\"}}")));
        Assert.Contains("a weight below 1 takes a share", (await Cli.RunAsync("data", "stats", many + ":0.0001")).Error, StringComparison.Ordinal);
        var word = await Cli.RunAsync("data", "stats", _folder["a.txt"] + ":half");
        Assert.Contains($"a weight is a number, as in {_folder["a.txt"]}:0.3", word.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_that_cannot_be_written_says_how_to_have_it_elsewhere()
    {
        var file = _folder.Write("a.txt", string.Concat(Enumerable.Repeat("some words\n", 1_600_000)));
        var options = new CorpusOptions { CacheFolder = _folder.Write("cache", "a file") };
        var error = Assert.ThrowsAny<IOException>(() => Corpus.Load(file, options, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("cache is a file, not a folder. Choose another path. IDIOLECT_CACHE names another folder for the tokens of large texts.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one two three", 7, ' ', "one two", "three")]
    [InlineData("one two three", 6, ' ', "one", "two", "three")]
    [InlineData("one|two|three|f", 8, '|', "one|two|", "three|f")]
    [InlineData("unbreakable and", 4, ' ', "unbreakable", "and")]
    [InlineData("", 4, ' ', "")]
    public void Lines_are_as_wide_as_the_terminal(string text, int width, char breaks, params string[] lines)
        => Assert.Equal(lines, Idiolect.Cli.Output.DataText.Wrap(text, width, breaks));

    [Fact]
    public async Task What_is_piped_in_is_measured_like_the_same_text_in_a_file()
    {
        var file = _folder.Write("a.txt", string.Join('\n', Enumerable.Range(0, 100).Select(i => $"line {i}")));
        var other = _folder.Write("b.txt", "what is piped in\n");
        Assert.Equal(0, (await Cli.RunAsync(
            "train", "--data", file, "--tokenizer", "byte", "--val-fraction", "0.1", "--steps", "1", "--layers", "1", "--heads", "1", "--width", "8",
            "--context", "8", "--batch", "2", "--separator", "\\n", "--out", _folder["run"])).ExitCode);

        var named = (await Cli.RunAsync("eval", _folder["run"], "--data", other, "--json")).Out;
        Assert.Equal(named, (await Cli.RunWithInputAsync(new MemoryStream(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken)), "eval", _folder["run"], "--json")).Out);
        Assert.Equal(named, (await Cli.RunWithInputAsync(new MemoryStream(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken)), "eval", _folder["run"], "--data", "-", "--json")).Out);
        var heldOut = (await Cli.RunAsync("eval", _folder["run"], "--json")).Out;
        Assert.NotEqual(named, heldOut);
        Assert.Equal(heldOut, (await Cli.RunWithInputAsync(new MemoryStream(), "eval", _folder["run"], "--json")).Out);
    }

    [Fact]
    public async Task Prepared_text_has_no_duplicates_and_says_what_was_dropped()
    {
        string Text(int first) => string.Join(' ', Enumerable.Range(first, 60).Select(i => $"word{i}"));
        var lines = new[] { Text(0), Text(0), Text(0) + " more", Text(100), "short", Text(200) };
        var file = _folder.Write("a.jsonl", string.Join('\n', lines.Select(line => $"{{\"body\":\"{line}\"}}")));
        _folder.Write("test.txt", Text(230));

        var result = await Cli.RunAsync("data", "prepare", file, "--field", "body", "--held-out", _folder["test.txt"], "--out", _folder["out/clean.jsonl"], "--json");

        var done = Last(result);
        Assert.Equal(
            ("done", 2, 1, 1, 1, 1),
            (done.GetProperty("event").GetString(), done.GetProperty("kept").GetInt32(), done.GetProperty("droppedExact").GetInt32(),
                done.GetProperty("droppedNear").GetInt32(), done.GetProperty("droppedFilter").GetInt32(), done.GetProperty("droppedHeldOut").GetInt32()));
        var examples = result.Out.TrimEnd().Split('\n')[..^1].Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["exact", "near", "filter", "heldOut"], examples.Select(example => example.GetProperty("reason").GetString()));
        Assert.Equal($"{file}:1", examples[1].GetProperty("of").GetString());
        Assert.Equal([Text(0), Text(100)], TextSource.Open(_folder["out/clean.jsonl"]).Read().Select(document => document.Text));

        var plain = await Cli.RunAsync("data", "prepare", file, "--field", "body", "--filter", "none", "--similarity", "1", "--out", _folder["clean.txt"]);
        Assert.Equal((0, ""), (plain.ExitCode, plain.Error));
        Assert.Contains("exact duplicates       1\nnear duplicates        0", plain.Out, StringComparison.Ordinal);
        Assert.Contains($"{file}:2: the same as {file}:1", plain.Out, StringComparison.Ordinal);
        Assert.Contains($"idiolect train --data {_folder["clean.txt"]} --separator '<|endoftext|>'", plain.Out, StringComparison.Ordinal);
        Assert.Equal(5, Last(await Cli.RunAsync("data", "stats", _folder["clean.txt"], "--separator", "<|endoftext|>", "--tokenizer", "char", "--json")).GetProperty("documents").GetInt32());
    }

    [Theory]
    [InlineData("SOURCE --out a.txt", 1, "a.txt is one of the files that are read")]
    [InlineData("SOURCE --out clean.txt", 1, "nothing is left, so clean.txt was not written: --filter none leaves out")]
    [InlineData("SOURCE --out clean.parquet", 1, "neither .jsonl nor .txt")]
    [InlineData("SOURCE --out .", 1, "folder")]
    [InlineData("SOURCE --out -", 1, "- is no file: give one, .jsonl or .txt")]
    [InlineData("SOURCE --out /dev/null", 1, "/dev/null is a device, not a file")]
    [InlineData("SOURCE --out a.txt/clean.txt", 1, "a.txt is a file, not a folder. Choose another path.")]
    [InlineData("SOURCE:0.3 --out clean.txt", 1, "a.txt:0.3: a weight is for text to train on; give a.txt.")]
    [InlineData("SOURCE --out clean.txt --filter none --held-out SOURCE:2", 1, "a.txt:2: a weight is for text to train on; give a.txt.")]
    [InlineData("SOURCE --out clean.txt --held-out nowhere.txt", 1, "nowhere.txt")]
    [InlineData("nowhere.txt --out clean.txt", 1, "nowhere.txt")]
    [InlineData("SOURCE --out clean.txt --similarity 0.1", 2, "--similarity")]
    [InlineData("SOURCE --out clean.txt --filter strict", 2, "gopher, none")]
    [InlineData("SOURCE", 2, "--out")]
    public async Task Text_that_cannot_be_prepared_ends_with_a_sentence(string flags, int code, string expected)
    {
        var file = _folder.Write("a.txt", "a few words");
        string Full(string flag) => flag.StartsWith("SOURCE", StringComparison.Ordinal) ? flag.Replace("SOURCE", file, StringComparison.Ordinal) : flag.EndsWith(".txt", StringComparison.Ordinal) || flag.EndsWith(".parquet", StringComparison.Ordinal) ? _folder[flag] : flag;

        var result = await Cli.RunAsync(["data", "prepare", .. flags.Split(' ').Select(Full)]);

        Assert.Equal(code, result.ExitCode);
        Assert.Contains(expected, result.Error.Replace(_folder.Path + "/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("good.txt --held-out folder", 0)]
    [InlineData("folder/bad.txt", 1)]
    [InlineData("good.txt --held-out folder/bad.txt", 1)]
    public async Task Prepare_says_what_it_passed_over_wherever_it_was(string flags, int code)
    {
        _folder.Write("good.txt", "some words");
        _folder.Write("folder/good.txt", "other words");
        var bad = _folder["folder/bad.txt"];
        await File.WriteAllBytesAsync(bad, [0x80, 0x81, 0xFF], TestContext.Current.CancellationToken);

        var result = await Cli.RunAsync(
            ["data", "prepare", "--filter", "none", "--skip-bad", "--out", _folder["clean.txt"], "--json",
                .. flags.Split(' ').Select(flag => flag.StartsWith('-') ? flag : _folder[flag])]);

        Assert.Equal(code, result.ExitCode);
        Assert.Contains($"passed over {bad}", result.Error, StringComparison.Ordinal);
        if (code == 0)
        {
            Assert.Equal(1, Last(result).GetProperty("skipped").GetInt32());
        }
    }

    [Theory]
    [InlineData("other.txt --held-out real/a.txt --out real/a.txt")]
    [InlineData("real/a.txt --out folder/a.txt")]
    [InlineData("link.txt --out real/a.txt")]
    [InlineData("other.txt --held-out link.txt --out folder/../real/a.txt")]
    public async Task Prepare_writes_over_no_file_that_it_reads_by_whatever_name(string flags)
    {
        _folder.Write("other.txt", "some other words");
        var file = _folder.Write("real/a.txt", "a few words");
        File.CreateSymbolicLink(_folder["link.txt"], file);
        Directory.CreateSymbolicLink(_folder["folder"], _folder["real"]);

        var result = await Cli.RunAsync(
            ["data", "prepare", "--filter", "none", .. flags.Split(' ').Select(flag => flag.EndsWith(".txt", StringComparison.Ordinal) ? _folder[flag] : flag)]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is one of the files that are read", result.Error, StringComparison.Ordinal);
        Assert.Equal("a few words", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_run_learns_from_several_sources_with_weights_and_validates_on_another()
    {
        var text = string.Join('\n', Enumerable.Range(0, 200).Select(i => $"line {i}"));
        _folder.Write("a.txt", text);
        _folder.Write("b.jsonl", string.Join('\n', Enumerable.Range(0, 50).Select(i => $"{{\"body\":\"text {i}\"}}")));
        _folder.Write("c.txt", "held out, all of it\n");

        var result = await Cli.RunAsync(
            "train", "--data", _folder["a.txt"], "--data", _folder["b.jsonl"] + ":2", "--val-data", _folder["c.txt"], "--field", "body", "--tokenizer", "byte",
            "--steps", "1", "--layers", "1", "--heads", "1", "--width", "8", "--context", "8", "--batch", "2", "--out", _folder["run"], "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var start = result.Out.Split('\n').Select(line => JsonDocument.Parse(line).RootElement).First(line => line.GetProperty("event").GetString() == "start");
        // The documents of b come twice; every document stands behind a token of its own.
        Assert.Equal(102, start.GetProperty("documents").GetInt32());
        var b = Enumerable.Range(0, 50).Sum(i => $"text {i}".Length + 1);
        Assert.Equal(text.Length + 1 + (2 * b), start.GetProperty("trainTokens").GetInt32());
        Assert.Equal("held out, all of it\n".Length + 1, start.GetProperty("valTokens").GetInt32());
        using var recipe = JsonDocument.Parse(await File.ReadAllTextAsync(_folder["run/recipe.json"], TestContext.Current.CancellationToken));
        Assert.Equal([_folder["b.jsonl"] + ":2"], recipe.RootElement.GetProperty("data").GetProperty("moreSources").EnumerateArray().Select(each => each.GetString()));

        var again = await Cli.RunAsync("train", _folder["run/recipe.json"], "--out", _folder["again"], "--json");
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(Weights("run"), Weights("again"));
        Assert.Equal(0, (await Cli.RunAsync("eval", _folder["run"], "--json")).ExitCode);
    }

    [Theory]
    [InlineData("--data a.txt:0", "weight of a.txt is 0", "at most")]
    [InlineData("--data - --data -", "--data", "once")]
    [InlineData("--data a.txt --val-data b.txt --val-fraction 0.2", "--val-fraction", "--val-data")]
    [InlineData("--task translate --data a.tsv --separator x", "--separator", "--task translate")]
    [InlineData("--task translate --data a.tsv --data b.tsv", "data.moreSources", "")]
    [InlineData("--data a.txt --encoding ebcdic", "--encoding", "latin-1")]
    public async Task What_does_not_fit_is_refused_by_flag(string flags, params string[] expected)
    {
        _folder.Write("a.txt", "text");
        var result = await Cli.RunAsync(["train", .. flags.Split(' '), "--out", _folder["run"]]);

        Assert.NotEqual(0, result.ExitCode);
        Assert.False(Directory.Exists(_folder["run"]));
        Assert.All(expected.Where(part => part != "data.moreSources"), part => Assert.Contains(part, result.Error, StringComparison.Ordinal));
    }

    public static TheoryData<string> Learning => new(
        "--tokenizer char", "--tokenizer byte", "", "--model bert", "--model lstm --tokenizer char", "--model ngram --tokenizer char", "--task translate", "--separator blank-lines");

    [Theory]
    [MemberData(nameof(Learning))]
    public async Task The_smallest_texts_end_with_a_sentence(string flags)
    {
        foreach (var text in new[] { "", "x", "\n", "xy", "one line", "a\n\nb" })
        {
            var file = _folder.Write(flags.Contains("translate", StringComparison.Ordinal) ? "a.tsv" : "a.txt", text);
            AssertSentence(await Cli.RunAsync(["train", "--data", file, "--steps", "1", "--out", _folder["run"], .. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));
        }
    }

    [Fact]
    public async Task The_smallest_texts_are_counted_and_make_tokenizers_or_end_with_a_sentence()
    {
        foreach (var text in new[] { "", "x", "\n", "one line" })
        {
            var file = _folder.Write("a.txt", text);
            foreach (var verb in new[] { "data stats", "data show", "tokenizer train --out " + _folder["tokenizer"] + " --data" })
            {
                AssertSentence(await Cli.RunAsync([.. verb.Split(' '), file]));
            }
            AssertSentence(await Cli.RunAsync("tune", "--data", _folder.Write("a.jsonl", text), "--steps", "1", "--out", _folder["run"]));
        }
    }

    private string Weights(string run) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
        File.ReadAllBytes(Directory.EnumerateFiles(_folder[run], "model.safetensors", SearchOption.AllDirectories).Order().Last())));

    private static JsonElement Last(Cli.Result result)
    {
        Assert.Equal(0, result.ExitCode);
        return JsonDocument.Parse(result.Out.TrimEnd().Split('\n')[^1]).RootElement;
    }

    /// <summary>It works, or ends with one line in the product's words.</summary>
    private static void AssertSentence(Cli.Result result)
    {
        if (result.ExitCode == 0)
        {
            return;
        }
        var message = Assert.Single(result.Error.TrimEnd().Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.All(
            (IEnumerable<string>)["bug in idiolect", "System.", "Exception", "Parameter '", "Actual value", "Sequence contains", "Index was", "toExclusive", "must be greater than", "Nullable"],
            part => Assert.DoesNotContain(part, message, StringComparison.Ordinal));
    }
}

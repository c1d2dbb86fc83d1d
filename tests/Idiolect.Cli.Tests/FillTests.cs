using System.Text.Json;

namespace Idiolect.Cli.Tests;

/// <summary>A BERT through the real executable: train, eval, fill, embed, resume, info.</summary>
[Trait("Lane", "Full")]
public sealed class FillTests : IDisposable
{
    private const string Tiny = "--model bert --data text.txt --layers 1 --heads 2 --width 16 --context 16 --batch 4 --eval-batches 2 --dropout 0.1";

    private readonly TemporaryFolder folder = new();

    public FillTests()
    {
        TinyText.Write(folder.Combine("text.txt"));
        File.WriteAllBytes(folder.Combine("latin1.txt"), [(byte)'c', (byte)'a', (byte)'f', 0xE9]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_bert_is_trained_measured_used_and_resumed()
    {
        var trained = await JsonAsync($"train {Tiny} --vocab 300 --steps 20 --eval-every 10 --name first --json");
        var start = trained.Single(news => news.GetProperty("event").GetString() == "start");
        Assert.Equal(("bert", 2), (start.GetProperty("architecture").GetString(), start.GetProperty("heads").GetInt32()));
        Assert.All(trained.Where(news => news.GetProperty("event").GetString() == "eval"), news => Assert.InRange(news.GetProperty("accuracy").GetDouble(), 0, 1));
        var done = trained[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        var measured = Assert.Single(await JsonAsync("eval --json"));
        Assert.Equal(done.GetProperty("valLoss").GetDouble(), measured.GetProperty("loss").GetDouble(), 12);
        Assert.Equal(done.GetProperty("accuracy").GetDouble(), measured.GetProperty("accuracy").GetDouble(), 12);

        var filled = await FillAsync("first", "--text", "the [MASK] fox [MASK]", "--top-k", "3", "--json");
        Assert.Equal(["gap", "gap", "done"], filled.Select(news => news.GetProperty("event").GetString()!));
        Assert.Equal(3, filled[1].GetProperty("guesses").GetArrayLength());
        Assert.DoesNotContain("[MASK]", filled[2].GetProperty("text").GetString(), StringComparison.Ordinal);

        var vectors = await JsonAsync("embed --text fox --text dog --json");
        Assert.Equal(["embedding", "embedding", "similarity", "done"], vectors.Select(news => news.GetProperty("event").GetString()!));
        Assert.Equal(1, vectors[0].GetProperty("vector").EnumerateArray().Sum(value => Math.Pow(value.GetDouble(), 2)), 1e-5);
        Assert.InRange(vectors[2].GetProperty("cosine").GetDouble(), -1, 1);
        Assert.Equal(2, vectors[3].GetProperty("texts").GetInt32());
        File.WriteAllText(folder.Combine("in.txt"), "the fox\n\nthe dog\na fox\n");
        Assert.Equal(3, (await RunAsync("embed first --file in.txt")).Out.Count(c => c == '\n')); // three pairs of three texts
        var lines = await JsonAsync("embed first --file in.txt --json");
        Assert.Equal(JsonValueKind.Null, lines[1].GetProperty("vector").ValueKind); // the blank line
        Assert.Equal([1, 1, 3], lines.Where(line => line.GetProperty("event").GetString() == "similarity").Select(line => line.GetProperty("a").GetInt32()));
        File.WriteAllText(folder.Combine("gaps.txt"), "the [MASK]\n\na [MASK]\n");
        Assert.Equal("", (await RunAsync("fill first --file gaps.txt --top-k 1")).Out.Split(Environment.NewLine)[2]);
        Assert.Contains("all that was given is blank", (await Cli.RunProcessAsync(folder.Path, Cli.Executable, "embed", "first", "--text", " ")).Error, StringComparison.Ordinal);

        Assert.Equal("bert", Assert.Single(await JsonAsync("info --json")).GetProperty("model").GetProperty("architecture").GetString());
        Assert.Contains("bert, 1 layer, 2 heads, width 16, context 16", (await RunAsync("info")).Out, StringComparison.Ordinal);
        var refused = await RunAsync("generate first");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("let it `fill`", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bert_goes_on_to_the_same_bytes_on_another_number_of_threads()
    {
        const string Flat = "--warmup 5 --schedule constant --eval-every 10 --tokenizer byte";
        Assert.Equal(0, (await RunAsync($"train {Tiny} {Flat} --steps 10 --out halves --threads 2")).ExitCode);
        Assert.Equal(0, (await RunAsync($"train {Tiny} {Flat} --steps 20 --out whole --threads 1")).ExitCode);
        Assert.Equal(0, (await RunAsync("train --resume halves --steps 20 --threads 1")).ExitCode);
        foreach (var file in new[] { "model.safetensors", "trainer/optimizer.safetensors" })
        {
            Assert.Equal(
                File.ReadAllBytes(folder.Combine($"whole/checkpoints/step-00000020/{file}")),
                File.ReadAllBytes(folder.Combine($"halves/checkpoints/step-00000020/{file}")));
        }
    }

    [Theory]
    [InlineData("train --model bert --kv-heads 2", "--kv-heads means nothing to --model bert")]
    [InlineData("train --model bert --task translate", "--task translate takes --model")]
    [InlineData("train --model bert --baselines", "--baselines")]
    [InlineData("train --resume gaps --baselines", "--baselines measures methods that predict the next byte")]
    [InlineData("bench train --preset bert", "bench train measures GPTs")]
    [InlineData("fill nowhere --text a", "nowhere")]
    [InlineData("fill", "give a text with --text, a file with --file, or pipe texts in")]
    [InlineData("embed", "give a text with --text, a file with --file, or pipe texts in")]
    [InlineData("embed --file missing.txt", "there is no file missing.txt")]
    [InlineData("embed --file latin1.txt", "latin1.txt is not valid UTF-8 at byte offset 3")]
    public async Task What_cannot_be_done_is_refused_in_one_line(string line, string words)
    {
        if (line.Contains("gaps", StringComparison.Ordinal))
        {
            Assert.Equal(0, (await RunAsync($"train {Tiny} --vocab 300 --steps 2 --name gaps")).ExitCode);
        }
        var result = await RunAsync(line);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    private Task<Cli.Result> RunAsync(string line) => Cli.RunProcessAsync(folder.Path, Cli.Executable, line.Split(' '));

    [Fact]
    public async Task Texts_of_which_only_the_beginning_is_embedded_are_named()
    {
        await RunAsync($"train {Tiny} --steps 2 --name short");
        File.WriteAllLines(folder.Combine("in.txt"), ["fox", new string('f', 99), new string('x', 99)]);

        var result = await RunAsync("embed short --file in.txt --json");

        Assert.Equal("2 texts are longer than 14 tokens; only their beginning was read", result.Error.TrimEnd());
        Assert.Equal([false, true, true], Parse(result with { Error = "" })[..3].Select(news => news.TryGetProperty("truncated", out var cut) && cut.GetBoolean()));
    }

    private async Task<JsonElement[]> JsonAsync(string line) => Parse(await RunAsync(line));

    private async Task<JsonElement[]> FillAsync(params string[] args) => Parse(await Cli.RunProcessAsync(folder.Path, Cli.Executable, ["fill", .. args]));

    private static JsonElement[] Parse(Cli.Result result)
    {
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return [.. result.Out.TrimEnd().Split('\n').Select(text => JsonDocument.Parse(text).RootElement)];
    }
}

using System.CommandLine;
using System.Text.Json;

using Idiolect.Cli.Options;
using Idiolect.Models;
using Idiolect.Recipes;

namespace Idiolect.Cli.Tests;

/// <summary>Tuning through the real executable: a trained model of each kind learns to classify, is used and goes on.</summary>
[Trait("Lane", "Full")]
public sealed class TuneTests : IDisposable
{
    private const string Tiny = "--data text.txt --vocab 300 --layers 1 --width 16 --context 16 --batch 4 --eval-batches 2 --steps 6 --eval-every 6";

    private readonly TemporaryFolder folder = new();

    public TuneTests()
    {
        TinyText.Write(folder.Combine("text.txt"));
        File.WriteAllText(folder.Combine("texts.jsonl"), string.Join('\n', Enumerable.Range(0, 60).Select(i =>
            $$"""{"body":"the {{(i % 3 == 0 ? "fox jumps" : "dog sleeps")}} {{i}}","kind":"{{(i % 3 == 0 ? "fox" : "dog")}}"}""")));
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("bert")]
    [InlineData("gpt")]
    [InlineData("lstm")]
    public async Task A_trained_model_is_tuned_used_measured_and_resumed(string model)
    {
        Assert.Equal(0, (await RunAsync($"train --model {model} {Tiny}{(model == "lstm" ? "" : " --heads 2")} --name base")).ExitCode);
        const string Data = "--task classify --data texts.jsonl --text-field body --label-field kind --val-fraction 0.2 --batch 8";
        var tuned = await JsonAsync($"tune base {Data} --steps 8 --name tuned --json");
        var start = tuned.Single(news => news.GetProperty("event").GetString() == "start");
        Assert.Equal((48, 2), (start.GetProperty("trainTexts").GetInt32(), start.GetProperty("labels").GetInt32()));
        var done = tuned[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        Assert.Equal(Path.Combine("runs", "tuned"), done.GetProperty("run").GetString());
        Assert.InRange(done.GetProperty("accuracy").GetDouble(), 0, 1);
        Assert.InRange(done.GetProperty("macroF1").GetDouble(), 0, 1);
        Assert.Equal(2.0 / 3, done.GetProperty("majorityAccuracy").GetDouble(), 12);
        Assert.Equal(1, done.GetProperty("naiveBayesAccuracy").GetDouble());
        Assert.Equal(12, done.GetProperty("confusion").EnumerateArray().SelectMany(row => row.EnumerateArray()).Sum(field => field.GetInt32()));
        Assert.All(["confusion.svg", "confusion.png", "loss.svg"], file => Assert.True(File.Exists(folder.Combine($"runs/tuned/{file}"))));
        Assert.Contains("fox", File.ReadAllText(folder.Combine("runs/tuned/confusion.svg")), StringComparison.Ordinal);

        var measured = Assert.Single(await JsonAsync("eval --json"));
        Assert.Equal(done.GetProperty("accuracy").GetDouble(), measured.GetProperty("accuracy").GetDouble());
        Assert.Equal("error: --field means nothing to a run that classifies; leave it out", (await RunAsync("eval --field body")).Error.TrimEnd());
        var classified = await JsonAsync("classify --text fox --json");
        Assert.Equal(["label", "done"], classified.Select(news => news.GetProperty("event").GetString()!));
        var label = classified[0];
        Assert.Matches("^(dog|fox)$", label.GetProperty("label").GetString());
        Assert.Equal(1, label.GetProperty("probabilities").EnumerateObject().Sum(share => share.Value.GetDouble()), 9);
        File.WriteAllText(folder.Combine("in.txt"), "the fox\n\nthe dog\n");
        var lines = (await RunAsync("classify tuned --file in.txt")).Out.Split(Environment.NewLine);
        Assert.Equal((4, ""), (lines.Length, lines[1])); // a blank line stays one
        Assert.Matches(@"^1 text is longer than \d+ tokens; only its beginning was read\s*$", (await RunAsync($"classify tuned --text {new string('x', 999)}")).Error);
        var info = Assert.Single(await JsonAsync("info --json"));
        Assert.Equal(["dog", "fox"], info.GetProperty("model").GetProperty("labels").EnumerateArray().Select(name => name.GetString()!));
        Assert.Contains("2: dog, fox", (await RunAsync("info")).Out, StringComparison.Ordinal);
        Assert.Contains("let it `classify`", (await RunAsync("generate tuned")).Error, StringComparison.Ordinal);

        var resumed = await JsonAsync("tune --resume tuned --steps 10 --json");
        Assert.Equal((8, 10), (resumed.Single(news => news.GetProperty("event").GetString() == "start").GetProperty("stepsDone").GetInt32(), resumed[^1].GetProperty("steps").GetInt32()));
        var frozen = await JsonAsync($"tune base {Data} --freeze --epochs 2 --out head --json");
        Assert.Equal(12, frozen[^1].GetProperty("steps").GetInt32());
        Assert.Contains("tune --resume", (await RunAsync("train --resume tuned")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tune nowhere", "nowhere")]
    [InlineData("tune --resume nowhere", "nowhere")]
    [InlineData("tune base --data missing.jsonl", "There is no file missing.jsonl")]
    [InlineData("tune base --data texts.jsonl", "there is no field \"text\"")]
    [InlineData("tune base --label-field kind", "--label-field means nothing to dotnet-docs; leave it out")]
    [InlineData("tune base --steps 5 --epochs 1", "--steps and --epochs both say how long to train")]
    [InlineData("tune base --out a --name b", "--out and --name both say where the run lies")]
    [InlineData("tune base --resume base", "--resume says which run goes on")]
    [InlineData("tune --resume base", "base is no tuning")]
    [InlineData("classify base --text a", "holds no classifier: teach a model with `tune`")]
    [InlineData("classify base", "give a text with --text, a file with --file, or pipe texts in")]
    [InlineData("tune counts --data texts.jsonl --text-field body --label-field kind", "an n-gram model counts")]
    public async Task What_cannot_be_done_is_refused_in_one_line(string line, string words)
    {
        if (line.Contains("base", StringComparison.Ordinal))
        {
            Assert.Equal(0, (await RunAsync($"train --model lstm {Tiny} --name base")).ExitCode);
        }
        if (line.Contains("counts", StringComparison.Ordinal))
        {
            Assert.Equal(0, (await RunAsync("train --model ngram --data text.txt --vocab 300 --name counts")).ExitCode);
        }
        var result = await RunAsync(line);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_tuning_that_goes_on_takes_no_fewer_steps_than_it_has()
    {
        var (flags, command) = Create();
        var earlier = Recipe.Tuning with { Optimizer = Recipe.Tuning.Optimizer with { Steps = 40, WarmupSteps = 4 } };

        var longer = flags.ResolveResumed(earlier, 8, command.Parse("--steps 8")).Optimizer;
        Assert.Equal((8, 4), (longer.Steps, longer.WarmupSteps));
        var error = Assert.Throws<ArgumentException>(() => flags.ResolveResumed(earlier, 8, command.Parse("--steps 7")));
        Assert.StartsWith("--steps 7 is below the 8 steps that the run has taken", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tuning_names_the_shape_of_its_model()
    {
        var (flags, command) = Create();
        var parsed = command.Parse("");
        var qwen = new GptConfig { VocabularySize = 300, ContextLength = 16, LayerCount = 1, HeadCount = 2, Width = 16, NormalizeQueryKey = true };

        using var model = new Gpt(qwen, seed: 1);
        GptFolder.Save(model, folder.Combine("qwen"));

        Assert.Equal("qwen3", flags.Resolve(flags.ResolveData(parsed, folder.Combine("qwen")), parsed, texts: 1).Model.Architecture);
    }

    private static (TuningFlags Flags, Command Command) Create()
    {
        var flags = new TuningFlags();
        var command = new Command("tune");
        foreach (var option in flags.All)
        {
            command.Add(option);
        }
        return (flags, command);
    }

    private Task<Cli.Result> RunAsync(string line) => Cli.RunProcessAsync(folder.Path, Cli.Executable, line.Split(' '));

    private async Task<JsonElement[]> JsonAsync(string line)
    {
        var result = await RunAsync(line);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return [.. result.Out.TrimEnd().Split('\n').Select(text => JsonDocument.Parse(text).RootElement)];
    }
}

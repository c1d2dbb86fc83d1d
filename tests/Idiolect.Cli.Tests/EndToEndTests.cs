using System.Diagnostics;
using System.Text.Json;

namespace Idiolect.Cli.Tests;

/// <summary>The built tool on a tiny text: what the verbs do together.</summary>
[Trait("Lane", "Full")]
public sealed class EndToEndTests : IDisposable
{
    private const string Tiny = "--data text.txt --vocab 300 --layers 1 --heads 2 --width 16 --context 16 --batch 4 --eval-batches 2 --threads 1";

    private readonly TemporaryFolder folder = new();

    public EndToEndTests() => TinyText.Write(folder.Combine("text.txt"));

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Who_interrupts_the_last_measurement_is_told_how_to_take_it()
    {
        using var stop = new CancellationTokenSource();
        var output = new StopsAt("measuring the best checkpoint", stop);
        using var terminal = new Terminal(output, TextWriter.Null, width: 80, live: false);
        var flags = Tiny.Replace("text.txt", folder.Combine("text.txt"), StringComparison.Ordinal);

        var exitCode = await Application.RunAsync($"train {flags} --steps 3 --out {folder.Combine("run")}".Split(' '), terminal, stop.Token);

        Assert.Equal(ExitCode.Interrupted, exitCode);
        Assert.EndsWith(
            $"interrupted after step 3 and saved; to go on:\n  idiolect train --resume {folder.Combine("run")}\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_generate_eval_info_and_resume_work_together()
    {
        var trained = await JsonAsync($"train {Tiny} --steps 20 --eval-every 10 --name first --baselines --json");
        Assert.Equal("start", trained[0].GetProperty("event").GetString());
        Assert.True(trained[0].GetProperty("parameters").GetInt64() > 0);
        var steps = Named(trained, "step");
        Assert.Equal(Enumerable.Range(1, 20), steps.Select(step => step.GetProperty("step").GetInt32()));
        Assert.All(steps, step => Assert.True(
            step.GetProperty("loss").GetDouble() > 0 && step.GetProperty("ms").GetDouble() > 0 && step.GetProperty("tokensPerSecond").GetDouble() > 0
            && step.GetProperty("mfu").GetDouble() > 0));
        Assert.Equal([10, 20], Named(trained, "eval").Select(evaluation => evaluation.GetProperty("step").GetInt32()));
        Assert.All(Named(trained, "eval"), evaluation => Assert.True(
            evaluation.GetProperty("trainLoss").GetDouble() > 0 && evaluation.GetProperty("valLoss").GetDouble() > 0
            && evaluation.GetProperty("bitsPerByte").GetDouble() > 0));
        var done = trained[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        Assert.Equal(Path.Combine("runs", "first"), done.GetProperty("run").GetString());
        Assert.Equal(20, done.GetProperty("steps").GetInt32());
        Assert.True(done.GetProperty("trainSeconds").GetDouble() > 0);
        Assert.True(done.GetProperty("baselines").GetProperty("byte 10-gram").GetDouble() > 0);
        Assert.All(["loss.svg", "loss.png", "metrics.jsonl", "recipe.json"], file => Assert.True(File.Exists(folder.Combine($"runs/first/{file}"))));

        // What the training says at its end is what eval measures.
        var measured = Assert.Single(await JsonAsync("eval --json"));
        Assert.Equal(done.GetProperty("valLoss").GetDouble(), measured.GetProperty("loss").GetDouble(), 12);
        Assert.Equal(done.GetProperty("bitsPerByte").GetDouble(), measured.GetProperty("bitsPerByte").GetDouble(), 12);
        Assert.Equal(Math.Exp(measured.GetProperty("loss").GetDouble()), measured.GetProperty("perplexity").GetDouble(), 6);

        var events = await JsonAsync("generate --prompt the --max-tokens 9 --samples 2 --seed 4 --json");
        var texts = events.Where(news => news.GetProperty("event").GetString() != "piece").ToArray();
        Assert.Equal(["text", "text", "done"], texts.Select(text => text.GetProperty("event").GetString()!));
        Assert.Equal(
            texts[0].GetProperty("text").GetString(),
            string.Concat(Named(events, "piece").Where(piece => piece.GetProperty("sample").GetInt32() == 1).Select(piece => piece.GetProperty("text").GetString())));
        Assert.Equal(18, Named(events, "piece").Sum(piece => piece.GetProperty("tokens").GetArrayLength()));
        Assert.Equal([1, 2], texts.Take(2).Select(text => text.GetProperty("sample").GetInt32()));
        Assert.All(texts.Take(2), text => Assert.Equal(9, text.GetProperty("tokens").GetInt32()));
        Assert.True(texts[2].GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.True(texts[2].GetProperty("promptTokensPerSecond").GetDouble() > 0);
        Assert.All(texts.Take(2), text => Assert.Equal(("maxTokens", 9), (text.GetProperty("reason").GetString(), text.GetProperty("ids").GetArrayLength())));
        var several = Named(await JsonAsync("generate --prompt a --prompt the --max-tokens 9 --seed 4 --logprobs --json"), "text").ToArray();
        Assert.Equal(["a", "the"], several.Select(text => text.GetProperty("prompt").GetString()!));
        Assert.Equal(texts[0].GetProperty("text").GetString(), several[1].GetProperty("text").GetString()); // as alone
        Assert.All(several, text => Assert.Equal(9, text.GetProperty("logProbabilities").EnumerateArray().Count(value => value.GetDouble() < 0)));
        var plain = await RunAsync("generate first --prompt the --max-tokens 9 --seed 4");
        Assert.Equal("the" + texts[0].GetProperty("text").GetString() + Environment.NewLine, plain.Out);
        File.WriteAllText(folder.Combine("prompt.txt"), "the\n");
        Assert.Equal(plain.Out, (await RunAsync("generate first --prompt-file prompt.txt --max-tokens 9 --seed 4")).Out);
        foreach (var flag in new[] { "", "--prompt-file -" })
        {
            var piped = await Cli.RunProcessAsync(
                folder.Path, "bash", "-c", $"echo the | '{Cli.Executable}' generate first {flag} --max-tokens 9 --seed 4");
            Assert.Equal(plain.Out, piped.Out);
        }

        var info = Assert.Single(await JsonAsync("info --json"));
        Assert.Equal(trained[0].GetProperty("vocab").GetInt32(), info.GetProperty("model").GetProperty("vocab").GetInt32());
        Assert.Equal(20, info.GetProperty("history").GetProperty("steps").GetInt32());

        var resumed = await JsonAsync("train --resume latest --steps 30 --json");
        Assert.Equal(20, resumed[0].GetProperty("stepsDone").GetInt32());
        Assert.Equal(Enumerable.Range(21, 10), Named(resumed, "step").Select(step => step.GetProperty("step").GetInt32()));
        Assert.Equal(30, File.ReadLines(folder.Combine("runs/first/metrics.jsonl")).Count(line => line.Contains("\"event\":\"step\"", StringComparison.Ordinal)));

        Assert.Equal("the fox" + Environment.NewLine, (await RunAsync($"tokenizer decode {(await RunAsync("tokenizer encode the fox")).Out.Trim()}")).Out);
    }

    [Fact]
    public async Task A_run_may_have_the_name_of_the_folder_of_its_texts()
    {
        Directory.CreateDirectory(folder.Combine("notes"));
        TinyText.Write(folder.Combine("notes/a.md"));
        await JsonAsync("train --data notes --tokenizer byte --layers 1 --width 8 --heads 1 --context 8 --batch 2 --steps 2 --name notes --json");
        Assert.Equal(2, Assert.Single(await JsonAsync("info notes --json")).GetProperty("history").GetProperty("steps").GetInt32());
    }

    [Fact]
    public async Task What_stands_behind_two_dashes_alone_is_text()
    {
        new Tokenization.ByteTokenizer().Save(folder.Combine("bytes"));
        Assert.Equal("45 45 97" + Environment.NewLine, (await RunAsync("tokenizer encode --tokenizer bytes -- --a")).Out);
    }

    [Fact]
    public async Task Standard_input_is_UTF_8_whatever_the_locale()
    {
        new Tokenization.ByteTokenizer().Save(folder.Combine("bytes"));
        var encoded = await Cli.RunProcessAsync(
            folder.Path, "bash", "-c", $"printf 'caf\\xc3\\xa9' | LC_ALL=en_US.ISO-8859-1 '{Cli.Executable}' tokenizer encode --tokenizer bytes");
        Assert.Equal("99 97 102 195 169" + Environment.NewLine, encoded.Out);
    }

    [Theory]
    [InlineData("rnn")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public async Task A_recurrent_model_is_trained_used_and_resumed_as_a_GPT_is(string model)
    {
        const string Shape = "--data text.txt --vocab 300 --layers 2 --width 16 --context 16 --batch 4 --grad-accumulation 2 --eval-batches 2 --dropout 0.1";
        var trained = await JsonAsync($"train --model {model} {Shape} --steps 20 --eval-every 10 --out straight --threads 1 --json");
        Assert.Equal(model, trained[0].GetProperty("architecture").GetString());
        Assert.False(trained[0].TryGetProperty("heads", out _));
        var done = trained[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        var measured = Assert.Single(await JsonAsync("eval straight --json"));
        Assert.Equal(done.GetProperty("bitsPerByte").GetDouble(), measured.GetProperty("bitsPerByte").GetDouble(), 12);
        var texts = Named(await JsonAsync("generate straight --prompt the --max-tokens 9 --samples 2 --seed 4 --json"), "text");
        Assert.All(texts, text => Assert.Equal(9, text.GetProperty("tokens").GetInt32()));
        var info = Assert.Single(await JsonAsync("info straight --json")).GetProperty("model");
        Assert.Equal((model, 2, 16), (info.GetProperty("architecture").GetString(), info.GetProperty("layers").GetInt32(), info.GetProperty("width").GetInt32()));
        Assert.Contains($"{model}, 2 layers, width 16, context 16", (await RunAsync("info straight")).Out, StringComparison.Ordinal);

        // Ten steps, then ten more on another number of threads: the same bytes as twenty at once.
        Assert.Equal(0, (await RunAsync($"train --model {model} {Shape} --steps 10 --warmup 10 --schedule constant --eval-every 10 --out halves --threads 2")).ExitCode);
        Assert.Equal(0, (await RunAsync($"train --model {model} {Shape} --steps 20 --warmup 10 --schedule constant --eval-every 10 --out whole --threads 1")).ExitCode);
        Assert.Equal(1, (await RunAsync("train --resume halves --steps 9")).ExitCode); // which changes nothing
        Assert.Equal(0, (await RunAsync("train --resume halves --steps 20 --threads 1")).ExitCode);
        foreach (var file in new[] { "model.safetensors", "trainer/optimizer.safetensors", "trainer/recurrent_state.safetensors" })
        {
            Assert.Equal(
                File.ReadAllBytes(folder.Combine($"whole/checkpoints/step-00000020/{file}")),
                File.ReadAllBytes(folder.Combine($"halves/checkpoints/step-00000020/{file}")));
        }
    }

    [Theory]
    [InlineData("model.safetensors", "generate run")]
    [InlineData("config.json", "generate run")]
    [InlineData("config.json", "eval run")]
    public async Task Of_a_damaged_checkpoint_the_intact_neighbour_is_named(string file, string verb)
    {
        await RunAsync($"train {Tiny} --steps 20 --eval-every 10 --checkpoint-every 10 --out run");
        File.WriteAllText(folder.Combine("run/best.json"), "garbage");
        Assert.Equal(0, (await RunAsync("generate run --max-tokens 1")).ExitCode);
        var checkpoints = Path.Combine("run", "checkpoints", "step-000000");
        File.WriteAllText(folder.Combine($"{checkpoints}20/{file}"), "cut");

        var result = await RunAsync(verb);

        Assert.Equal(1, result.ExitCode);
        Assert.Matches($@"step-00000020 is damaged \({file} has 3 bytes instead of \d+\); .*step-00000010 is intact, give that instead\s*$", result.Error);
        Assert.Equal(0, (await RunAsync($"generate {checkpoints}10 --max-tokens 1")).ExitCode);
    }

    [Fact]
    public async Task An_n_gram_model_is_counted_used_and_shown_as_a_GPT_is()
    {
        var trained = await JsonAsync("train --model ngram --order 3 --data text.txt --vocab 300 --name counted --json");
        Assert.Equal("ngram", trained[0].GetProperty("architecture").GetString());
        Assert.True(trained[0].GetProperty("parameters").GetInt64() > 300);
        var done = trained[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        var measured = Assert.Single(await JsonAsync("eval counted --json"));
        Assert.Equal(done.GetProperty("bitsPerByte").GetDouble(), measured.GetProperty("bitsPerByte").GetDouble(), 12);
        var texts = Named(await JsonAsync("generate --prompt the --max-tokens 9 --samples 2 --seed 4 --json"), "text");
        Assert.All(texts, text => Assert.Equal(9, text.GetProperty("tokens").GetInt32()));
        Assert.Equal(3, Assert.Single(await JsonAsync("info --json")).GetProperty("model").GetProperty("order").GetInt32());
        Assert.Contains("ngram, up to 3 tokens", (await RunAsync("info")).Out, StringComparison.Ordinal);
        var again = await JsonAsync("train --resume counted --json");
        Assert.Equal(done.GetProperty("bitsPerByte").GetDouble(), again[^1].GetProperty("bitsPerByte").GetDouble(), 12);
        Assert.DoesNotContain("--steps", (await RunAsync("train --resume counted")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_run_goes_on_to_the_same_bytes_on_another_number_of_threads()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "compares with a process killed by a signal");
        var settings = $"train {Tiny} --steps 60 --eval-every 15 --dropout 0.1 --json";
        Assert.Equal(0, (await RunAsync($"{settings} --out straight")).ExitCode);

        using (var killed = Cli.Start(folder.Path, Cli.Executable, $"{settings} --out killed".Split(' ')))
        {
            await ReadUntilAsync(killed, "\"step\":20,");
            killed.Kill();
            await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.Equal(0, (await RunAsync("train --resume killed --threads 2 --json")).ExitCode);

        foreach (var file in Directory.GetFiles(folder.Combine("straight/checkpoints/step-00000060"), "*", SearchOption.AllDirectories))
        {
            var other = file.Replace("straight", "killed", StringComparison.Ordinal);
            Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(other)), $"{file} differs");
        }
    }

    [Theory(Timeout = 120_000)]
    [InlineData("kill -INT $0")]
    [InlineData("kill -TERM $0")]
    [InlineData("kill -TERM $0; sleep 0.05; kill -TERM $0")] // as `timeout` does, to the process and to its group
    public async Task A_signal_finishes_the_step_saves_and_says_how_to_go_on(string kill)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sends a Unix signal, with env's help");
        // A shell that runs the tests in the background has its children ignore SIGINT; env undoes that.
        using var process = Cli.Start(
            folder.Path, "env", $"--default-signal=INT {Cli.Executable} train {Tiny} --steps 1000000 --out run --json".Split(' '));
        await ReadUntilAsync(process, "\"event\":\"step\"");

        using (var shell = Process.Start("sh", ["-c", kill, $"{process.Id}"]))
        {
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        var rest = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, process.ExitCode);
        var last = JsonDocument.Parse(rest.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal("interrupted", last.GetProperty("event").GetString());
        Assert.EndsWith("train --resume run", last.GetProperty("resume").GetString(), StringComparison.Ordinal);
        var steps = last.GetProperty("steps").GetInt32();
        Assert.True(Directory.Exists(folder.Combine($"run/checkpoints/step-{steps:D8}")));
    }

    [Fact]
    public async Task A_text_that_changed_is_not_trained_on_further()
    {
        await RunAsync($"train {Tiny} --steps 2 --out run");
        File.AppendAllText(folder.Combine("text.txt"), "more");

        var result = await RunAsync("train --resume run --steps 4");

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: The training data changed since the run was saved", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_character_vocabulary_knows_the_held_out_text_too()
    {
        File.AppendAllText(folder.Combine("text.txt"), "\u00dfeta");

        var result = await RunAsync($"train {Tiny} --tokenizer char --steps 2 --out run".Replace("--vocab 300 ", "", StringComparison.Ordinal));

        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task A_prompt_that_cannot_be_encoded_is_not_shown()
    {
        Assert.Equal(0, (await RunAsync($"train {Tiny} --tokenizer char --steps 2 --out run".Replace("--vocab 300 ", "", StringComparison.Ordinal))).ExitCode);

        var result = await RunAsync("generate run --prompt \u4e2d");

        Assert.Equal((1, ""), (result.ExitCode, result.Out));
    }

    [Fact]
    public async Task Help_does_not_name_the_runs_that_there_are()
    {
        Directory.CreateDirectory(folder.Combine("runs/alpha"));

        Assert.DoesNotContain("alpha", (await RunAsync("--help")).Out, StringComparison.Ordinal);
    }

    private Task<Cli.Result> RunAsync(string line) => Cli.RunProcessAsync(folder.Path, Cli.Executable, line.Split(' '));

    private async Task<JsonElement[]> JsonAsync(string line)
    {
        var result = await RunAsync(line);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return [.. result.Out.TrimEnd().Split('\n').Select(text => JsonDocument.Parse(text).RootElement)];
    }

    private static JsonElement[] Named(JsonElement[] events, string name) =>
        [.. events.Where(news => news.GetProperty("event").GetString() == name)];

    private static async Task ReadUntilAsync(Process process, string text)
    {
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }
        Assert.Fail($"the process ended without {text}");
    }
}

/// <summary>Some kilobytes in a few words.</summary>
internal static class TinyText
{
    internal static void Write(string file)
    {
        string[] words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "sleeps"];
        var random = new Random(1);
        File.WriteAllText(file, string.Join(' ', Enumerable.Range(0, 4000).Select(_ => words[random.Next(words.Length)])) + ".");
    }
}

/// <summary>Cancels when a line says something.</summary>
internal sealed class StopsAt : StringWriter
{
    private readonly string words;
    private readonly CancellationTokenSource stop;

    internal StopsAt(string words, CancellationTokenSource stop) => (this.words, this.stop, NewLine) = (words, stop, "\n");

    public override void WriteLine(string? value)
    {
        base.WriteLine(value);
        if (value?.Contains(words, StringComparison.Ordinal) == true)
        {
            stop.Cancel();
        }
    }
}

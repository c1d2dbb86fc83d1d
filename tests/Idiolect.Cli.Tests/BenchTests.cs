using System.Text.Json;

using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Evaluation;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

[Trait("Lane", "Full")]
public sealed class BenchTests : IDisposable
{
    private const string TinyStep = "bench train --preset nanogpt-cpu --layers 1 --width 32 --heads 2 --context 8 --batch 2 --steps 4 --threads 1";

    private const string PeerStart
        = """{"event":"start","parameters":7,"torch":"1.13","blas":"/lib/blas.so","blasCore":"Zen","blasThreads":2,"matmulGflops":170.5}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_machine_as_an_object_has_a_figure_for_each_number_of_threads()
    {
        var result = await Cli.RunAsync("bench", "machine", "--threads", "2", "--json");

        Assert.Equal(0, result.ExitCode);
        var done = JsonDocument.Parse(Assert.Single(result.Out.TrimEnd().Split('\n'))).RootElement;
        Assert.Equal(
            ["event", "fp32Gflops", "bf16Gflops", "int8Gops", "readGBps", "writeGBps", "copyGBps", "variant"], done.EnumerateObject().Select(field => field.Name));
        Assert.Equal("done", done.GetProperty("event").GetString());
        Assert.All(["fp32Gflops", "readGBps", "writeGBps", "copyGBps"], name => Assert.Equal(2, Positive(done.GetProperty(name))));
        Assert.All(["bf16Gflops", "int8Gops"], name => Assert.True(Positive(done.GetProperty(name)) is 0 or 2));
        Assert.Matches("^(scalar|vector128|vector256|vector512|assembled)$", done.GetProperty("variant").GetString());
        Assert.Equal(MachinePeak.MultipliesBf16, done.GetProperty("variant").GetString() == "assembled" && Positive(done.GetProperty("bf16Gflops")) > 0);
    }

    [Fact]
    public async Task The_machine_as_text_names_the_kernels_and_fits_into_80_columns()
    {
        var result = await Cli.RunAsync("bench", "machine", "--threads", "1");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"(?m)^kernels    (scalar|vector128|vector256|vector512|assembled)", result.Out);
        Assert.Matches(@"(?m)^assembled  \S", result.Out);
        Assert.Matches(@"(?m)^fp32 GFLOP/s +\d+\.\d$", result.Out);
        Assert.Matches(@"(?m)^bf16 GFLOP/s +(\d+\.\d|none \(bf16 is emulated by rounding\))$", result.Out);
        Assert.DoesNotContain(result.Out.Split('\n'), line => line.Length > 80);
    }

    [Fact]
    public async Task A_step_as_objects_ends_with_the_promised_fields_and_its_operations_add_up()
    {
        var lines = await JsonAsync(TinyStep);

        var done = lines[^1];
        Assert.Equal(
            ["event", "preset", "precision", "ms", "tokensPerSecond", "gflops", "mfu", "managedBytesPerStep", "peakMemoryBytes"],
            done.EnumerateObject().Select(field => field.Name));
        Assert.Equal("done", done.GetProperty("event").GetString());
        Assert.Equal("nanogpt-cpu", done.GetProperty("preset").GetString());
        Assert.Equal("fp32", done.GetProperty("precision").GetString());
        var milliseconds = done.GetProperty("ms").GetDouble();
        Assert.InRange(milliseconds, 1e-3, 60_000);
        Assert.Equal(2 * 8 / milliseconds * 1e3, done.GetProperty("tokensPerSecond").GetDouble(), 2 * 8 / milliseconds * 1e3 / 100);
        Assert.InRange(done.GetProperty("mfu").GetDouble(), 0, 1);
        Assert.True(done.GetProperty("peakMemoryBytes").GetInt64() > 1_000_000);
        Assert.True(done.GetProperty("managedBytesPerStep").GetInt64() >= 0);

        var start = lines[0];
        Assert.Equal(
            ((6.0 * start.GetProperty("parameters").GetInt64()) + (12.0 * 1 * 32 * 8)) * 2 * 8, start.GetProperty("flopsPerStep").GetDouble());
        Assert.Equal(65, start.GetProperty("vocab").GetInt32());

        var operations = lines.Where(line => line.GetProperty("event").GetString() == "operation").ToList();
        var names = operations.Select(line => $"{line.GetProperty("name").GetString()} {line.GetProperty("phase").GetString()}").ToList();
        Assert.Contains("Linear attention.qkv forward", names);
        Assert.Contains("Linear attention.qkv backward", names);
        Assert.Contains("Attention backward", names);
        Assert.Contains("Optimizer update", names);
        Assert.Contains("GradientNorm update", names);
        Assert.Contains("between kernels ", names);
        var product = operations.Single(line => line.GetProperty("name").GetString() == "Linear attention.qkv" && line.GetProperty("phase").GetString() == "forward");
        Assert.Equal(2.0 * (2 * 8) * 32 * 96 / 1e9, product.GetProperty("gflop").GetDouble(), 1e-12);
        Assert.Equal(4.0 * ((2 * 8 * 32) + (32 * 96) + (2 * 8 * 96)) / 1e6, product.GetProperty("megabytes").GetDouble(), 1e-12);
        Assert.Equal(
            Math.Max(
                product.GetProperty("gflop").GetDouble() / lines[^2].GetProperty("peakGflops").GetDouble(),
                product.GetProperty("megabytes").GetDouble() / 1e3 / lines[^2].GetProperty("memoryGBps").GetDouble()) * 1e3,
            product.GetProperty("floorMs").GetDouble(), product.GetProperty("floorMs").GetDouble() * 1e-2);
        Assert.InRange(lines[^2].GetProperty("medianPeakGflops").GetDouble(), 1e-3, lines[^2].GetProperty("peakGflops").GetDouble());
        var whole = lines[^2].GetProperty("operationsMs").GetDouble();
        Assert.Equal(whole, operations.Sum(line => line.GetProperty("ms").GetDouble()), whole * 1e-6);
    }

    [Fact]
    public async Task A_step_as_text_has_a_table_that_adds_up_and_names_the_formula()
    {
        var result = await Cli.RunAsync(TinyStep.Split(' '));

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("FLOPs a step = (6 x parameters + 12 x layers x width x context) x tokens", result.Out, StringComparison.Ordinal);
        Assert.Contains(" managed bytes a step; ", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Out.Split('\n'), line => line.Length > 80);
        var rows = result.Out.Split('\n').SkipWhile(line => !line.StartsWith("ms a step", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line.EndsWith('%')).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(cells => double.Parse(
                cells[Array.FindIndex(cells, cell => cell.EndsWith('%')) - 1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(rows[^1], rows.SkipLast(1).Sum(), 0.0005 * rows.Count);
    }

    [Fact]
    public async Task A_narrow_terminal_shortens_the_names_and_keeps_the_numbers()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, width: 52, live: false);

        Assert.Equal(0, await Application.RunAsync(TinyStep.Split(' '), terminal, TestContext.Current.CancellationToken));

        var table = output.ToString().Split('\n').SkipWhile(line => !line.StartsWith("ms a step", StringComparison.Ordinal)).TakeWhile(line => line[^1] != '.');
        Assert.All(table, line => Assert.True(line.Length <= 52, line));
    }

    [Fact]
    public async Task Bf16_is_measured_too() =>
        Assert.Equal("bf16", (await JsonAsync($"{TinyStep} --precision bf16"))[^1].GetProperty("precision").GetString());

    [Theory]
    [InlineData("bench train --preset nanogtp", 2, "--preset takes default, nanogpt-cpu, nanogpt, gpt2-124m, llama-tiny, translate, lstm, gru, rnn, bert, ngram, not \"nanogtp\"; did you mean nanogpt?")]
    [InlineData("bench train --peer pytroch", 2, "--peer takes pytorch, not \"pytroch\"; did you mean pytorch?")]
    [InlineData("bench trian", 2, "unknown verb \"trian\"; did you mean train?")]
    [InlineData("bench", 2, "bench needs a verb: machine, train")]
    [InlineData("bench train --steps 0", 2, "--steps takes a whole number of at least 1, not 0")]
    [InlineData("bench train --data book.txt", 2, "unknown flag --data")]
    [InlineData("bench machine --threads -1", 2, "--threads takes a whole number of at least 1, not -1")]
    [InlineData("bench train --preset translate", 1, "bench train measures GPTs, and --preset translate is none")]
    [InlineData("bench train --preset lstm", 1, "bench train measures GPTs, and --preset lstm is none")]
    [InlineData("bench train --preset ngram", 1, "bench train measures GPTs, and --preset ngram is none")]
    [InlineData(
        "bench train --preset default --peer pytorch", 1,
        "--peer pytorch trains the gpt2 shape without dropout; choose --preset nanogpt-cpu, nanogpt or gpt2-124m and leave --dropout out")]
    [InlineData(
        "bench train --preset nanogpt --peer pytorch --optimizer muon", 1,
        "--peer pytorch updates by AdamW and keeps what it computed; leave --optimizer and --recompute out")]
    public async Task What_cannot_be_measured_is_one_line(string line, int exitCode, string message)
    {
        var result = await Cli.RunAsync(line.Split(' '));

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Out);
        Assert.StartsWith($"error: {message}\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_Python_the_peer_says_what_to_install()
    {
        var exception = Assert.Throws<IOException>(() => PytorchPeer.Start(Recipe.Preset("nanogpt-cpu"), folder.Combine("python3"), script: "x.py"));

        Assert.Equal(
            $"--peer pytorch needs {folder.Combine("python3")} with PyTorch; run: apt-get install python3-torch libopenblas0-openmp", exception.Message);
    }

    [Fact]
    public void What_a_peer_complains_of_is_handed_on()
    {
        var exception = Assert.Throws<IOException>(() => StartPeer("echo 'Traceback' >&2; echo 'peer: no PyTorch; run: apt-get install python3-torch' >&2; exit 1"));

        Assert.Equal("--peer pytorch ended and said: peer: no PyTorch; run: apt-get install python3-torch", exception.Message);
    }

    [Fact]
    public void A_peer_takes_as_many_steps_as_it_is_asked_for()
    {
        using var peer = StartPeer(
            $$"""
            echo '{{PeerStart}}'
            read count && echo "{\"event\":\"steps\",\"ms\":[$count,1.5]}"
            """);

        Assert.Equal(new PeerDescription(7, "1.13", "/lib/blas.so", "Zen", 2, 170.5), peer.Self);
        Assert.Equal([2, 1.5], peer.Measure(2));
        Assert.Throws<IOException>(() => peer.Measure(1));
    }

    [Fact]
    public void A_peer_that_takes_other_steps_than_it_is_asked_for_is_refused()
    {
        using var peer = StartPeer(
            $$"""
            echo '{{PeerStart}}'
            read count && echo '{"event":"steps","ms":[]}'
            """);

        Assert.Equal("--peer pytorch: its script took 0 steps instead of 3", Assert.Throws<IOException>(() => peer.Measure(3)).Message);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("""{"event":"start","parameters":7}""")]
    [InlineData("Loading")]
    public void A_peer_that_says_something_else_is_quoted(string line)
    {
        var exception = Assert.Throws<IOException>(() => StartPeer($"echo '{line}'"));

        Assert.Equal($"--peer pytorch: its script said \"{line}\", which is not what was asked; is it of this version?", exception.Message);
    }

    [Theory]
    [InlineData(1.5, "1.500")]
    [InlineData(12_345.678, "12345.7")]
    [InlineData(1_234_567.89, "1234568")]
    public void Times_of_a_table_stand_apart_however_long_a_step_takes(double milliseconds, string shown)
    {
        var output = new StringWriter();
        using var terminal = new Terminal(output, TextWriter.Null, width: 80, live: false);
        var measured = new TrainingMeasurement(
            milliseconds, milliseconds, milliseconds, TokensPerSecond: 1, Gflops: 1, PeakGflops: 1, MedianPeakGflops: 1, MemoryGBps: 1, ManagedBytesPerStep: 0, PeakMemoryBytes: 1,
            [
                new("Linear", StepPhase.Forward, milliseconds, milliseconds / 1e3, 0),
                new("Linear", StepPhase.Backward, milliseconds, milliseconds / 1e3, 0),
            ],
            CoordinationMilliseconds: 0, BetweenMilliseconds: 0, TableMilliseconds: milliseconds);

        new BenchTrainOutput(terminal, json: false).End(measured, steps: 1);

        var row = output.ToString().Split('\n').Single(line => line.StartsWith("Linear", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((7, shown, shown), (row.Length, row[1], row[2]));
    }

    [Fact]
    public async Task An_interrupted_measurement_ends_at_once()
    {
        using var source = new CancellationTokenSource();
        var output = new StringWriter();
        using var terminal = new Terminal(output, TextWriter.Null, width: 80, live: false);
        var run = Application.RunAsync($"{TinyStep} --steps 100000000".Replace("--steps 4 ", "", StringComparison.Ordinal).Split(' '), terminal, source.Token);

        await source.CancelAsync();

        Assert.Equal(ExitCode.Interrupted, await run);
    }

    /// <summary>A peer that a shell plays.</summary>
    private PytorchPeer StartPeer(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        File.WriteAllText(folder.Combine("peer"), script);
        return PytorchPeer.Start(Recipe.Preset("nanogpt-cpu"), "/bin/sh", folder.Combine("peer"));
    }

    private static async Task<List<JsonElement>> JsonAsync(string line)
    {
        var result = await Cli.RunAsync([.. line.Split(' '), "--json"]);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return [.. result.Out.TrimEnd().Split('\n').Select(text => JsonDocument.Parse(text).RootElement)];
    }

    /// <summary>How many numbers there are, which are all above zero.</summary>
    private static int Positive(JsonElement figures)
    {
        Assert.All(figures.EnumerateArray(), figure => Assert.True(figure.GetDouble() > 0));
        return figures.GetArrayLength();
    }
}

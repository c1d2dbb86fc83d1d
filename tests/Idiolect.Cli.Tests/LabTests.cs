using System.Text.Json;

using Idiolect.Lab;

namespace Idiolect.Cli.Tests;

public sealed class LabTests
{
    private static readonly string[] Verdicts = ["shown", "refuted", "undecided"];

    [Fact]
    public async Task Lab_lists_every_experiment_with_its_claim()
    {
        var result = await Cli.RunAsync("lab", "--json");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            Laboratory.Experiments.Select(experiment => (experiment.Protocol.Name, experiment.Protocol.Claim)),
            Lines(result.Out)[..^1].Select(line => (line.GetProperty("name").GetString()!, line.GetProperty("claim").GetString()!)));
        Assert.All(Laboratory.Experiments, experiment => Assert.NotEmpty(experiment.Protocol.Measure));
    }

    [Fact]
    public async Task The_list_ends_with_done() => Assert.Equal(
        $"{{\"event\":\"done\",\"experiments\":{Laboratory.Experiments.Count}}}", (await Cli.RunAsync("lab", "--json")).Out.TrimEnd().Split('\n')[^1]);

    [Fact, Trait("Lane", "Full")]
    public async Task Json_may_stand_before_run()
    {
        using var folder = new TemporaryFolder();

        var result = await Cli.RunAsync("lab", "--json", "run", "causal-mask", "--quick", "--out", folder.Path);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var lines = Lines(result.Out);
        Assert.Equal(["start", "verdict", "done"], lines.Select(line => line.GetProperty("event").GetString()!));
        lines = lines[1..];
        Assert.Equal("causal-mask", lines[0].GetProperty("name").GetString());
        Assert.Contains(lines[0].GetProperty("verdict").GetString(), Verdicts);
        Assert.Equal(lines[0].GetProperty("verdict").GetString() == "shown", lines[0].GetProperty("shown").GetBoolean());
        Assert.True(lines[0].GetProperty("seconds").GetDouble() > 0);
        var done = lines[1];
        Assert.Equal(1, done.GetProperty("total").GetInt32());
        Assert.Equal(
            1, done.GetProperty("shown").GetInt32() + done.GetProperty("refuted").GetInt32() + done.GetProperty("undecided").GetInt32());
        Assert.True(File.Exists(folder.Combine("report.html")));
    }

    [Fact]
    public async Task A_misspelt_experiment_is_refused_with_the_likely_name()
    {
        var result = await Cli.RunAsync("lab", "run", "causal-mark");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("did you mean causal-mask?", result.Error, StringComparison.Ordinal);
    }

    private static JsonElement[] Lines(string text)
        => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.Clone())];
}

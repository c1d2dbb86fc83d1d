using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Tests;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly StringWriter output = new() { NewLine = "\n" };

    public void Dispose()
    {
        folder.Dispose();
        output.Dispose();
    }

    [Fact]
    public void A_run_keeps_its_history_and_draws_it()
    {
        var run = Train(Events.Run);

        var metrics = Metrics.Read(run);
        Assert.Equal(Enumerable.Range(1, 300), metrics.Steps.Select(step => step.Number));
        Assert.Equal([100, 200, 300], metrics.Evaluations.Select(evaluation => evaluation.Step));
        Assert.Equal(300, metrics.Best?.Step);
        Assert.Equal(15, metrics.StepTime.TotalSeconds, 6);
        Assert.StartsWith("\u0089PNG", File.ReadAllText(Path.Combine(run, "loss.png"), System.Text.Encoding.Latin1)[..4], StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(run, "loss.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_repeated_after_a_resume_count_once()
    {
        var run = Train(_ => [Events.Step(1, 5), Events.Step(2, 4), Events.Evaluation(2), Events.Step(3, 3)]);
        using (var again = new TrainingRun(run, Presets.Get("default"), new JsonTrainingOutput(output)))
        {
            again.Report(Events.Step(3, 2.5));
            again.Report(Events.Step(4, 2));
        }

        var metrics = Metrics.Read(run);
        Assert.Equal([5, 4, 2.5, 2], metrics.Steps.Select(step => step.Loss));
        Assert.Single(metrics.Evaluations);
    }

    [Fact]
    public void A_line_torn_by_a_kill_is_passed_over()
    {
        var run = Train(_ => [Events.Step(1, 5)]);
        File.AppendAllText(Path.Combine(run, RunFile.Metrics), "{\"event\":\"step\",\"step\":2,\"lo");
        using (var again = new TrainingRun(run, Presets.Get("default"), new JsonTrainingOutput(output)))
        {
            again.Report(Events.Step(2, 4));
        }

        Assert.Equal([5, 4], Metrics.Read(run).Steps.Select(step => step.Loss));
    }

    [Fact]
    public void A_run_without_a_finite_loss_is_drawn_too()
    {
        var run = Train(name => [Events.Step(1, double.NaN), Events.Finished(name)]);

        Assert.True(File.Exists(Path.Combine(run, "loss.svg")));
    }

    [Fact]
    public async Task Info_shows_a_run()
    {
        var run = Train(Events.Run);

        var result = await Cli.RunAsync("info", run);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            $"""
            folder                {run}
            shape                 llama, 4 layers, 4 heads (2 for keys and values), width 128, context 128
            tokenizer             bpe, vocabulary of 2,048
            corpus                dotnet-docs
            batch                 16 x 128 tokens
            learning rate         0.002, cosine, warm-up of 100 steps
            trained               300 of 1,000 steps in 0:15
            best validation loss  2.134 at step 300 (1.220 bits per byte)

            """, result.Out, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Info_as_json_is_one_object()
    {
        var result = await Cli.RunAsync("info", Train(Events.Run), "--json");

        var root = System.Text.Json.JsonDocument.Parse(Assert.Single(result.Out.TrimEnd().Split('\n'))).RootElement;
        Assert.Equal("info", root.GetProperty("event").GetString());
        Assert.Equal(300, root.GetProperty("history").GetProperty("steps").GetInt32());
    }

    [Fact]
    public async Task Info_of_any_other_folder_is_an_error()
    {
        var result = await Cli.RunAsync("info", folder.Path);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"error: {folder.Path} is neither a run nor a model folder", result.Error, StringComparison.Ordinal);
    }

    private string Train(Func<string, IEnumerable<TrainingEvent>> events)
    {
        using var run = new TrainingRun(folder.Runs.Create("test", null), Presets.Get("llama-tiny"), new JsonTrainingOutput(output));
        foreach (var value in events(run.Folder))
        {
            run.Report(value);
        }
        return run.Folder;
    }
}

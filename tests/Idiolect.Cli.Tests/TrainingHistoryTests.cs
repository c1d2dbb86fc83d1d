using Idiolect.Cli.Runs;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Recipes;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

public sealed class TrainingHistoryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_history_is_read_and_drawn()
    {
        var run = Write(Events.Run());

        var history = TrainingHistory.Read(run);
        LossPlot.Save(history, run);

        Assert.Equal(300, history.Steps.Count);
        Assert.Equal(300, history.Best?.Step);
        Assert.Equal(15, history.StepTime.TotalSeconds, 6);
        Assert.StartsWith("\u0089PNG", File.ReadAllText(Path.Combine(run, "loss.png"), System.Text.Encoding.Latin1)[..4], StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(run, "loss.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_smoothed_loss_ends_with_the_mean_of_the_last_steps_and_begins_with_the_first_step()
    {
        double[] losses = [8, .. Enumerable.Repeat(2.0, 998), 4]; // the last step's batch was a hard one

        var smooth = LossPlot.Smooth(losses);

        Assert.Equal(8, smooth[0]);
        Assert.Equal(4, smooth[1]); // 8, 2 and 2
        Assert.Equal(2, smooth[500]);
        Assert.Equal(2 + (2.0 / 11), smooth[^1], 9); // of ten steps before it and itself
    }

    [Fact]
    public void A_run_without_a_finite_loss_is_drawn_too()
    {
        LossPlot.Save(new TrainingHistory([Events.Step(1, double.NaN)]), folder.Path);

        Assert.True(File.Exists(folder.Combine("loss.svg")));
    }

    [Fact]
    public void The_step_of_a_damaged_checkpoint_was_not_taken()
    {
        var history = new TrainingHistory([.. Events.Run().Take(20), new CheckpointDamaged(40, "step-00000040", "torn")]);

        Assert.Equal(19, history.StepsDone);
    }

    [Fact]
    public void A_nan_evaluation_does_not_hide_the_best_one()
    {
        var spoilt = Events.Evaluation(300) with { ValidationLoss = double.NaN, IsBest = false };

        var history = new TrainingHistory([Events.Evaluation(100), Events.Evaluation(200), spoilt]);

        Assert.Equal(200, history.Best?.Step);
    }

    [Fact]
    public async Task Info_shows_a_run_that_has_no_checkpoint_yet()
    {
        var run = Write(Events.Run());

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
    public async Task Info_names_the_shape_of_a_model()
    {
        var qwen = new GptConfig { VocabularySize = 256, ContextLength = 16, LayerCount = 1, HeadCount = 2, Width = 16, NormalizeQueryKey = true };
        using (var model = new LanguageModel(new Gpt(qwen), new ByteTokenizer([])))
        {
            model.Save(folder.Combine("model"));
        }

        var result = await Cli.RunAsync("info", folder.Combine("model"));

        Assert.Contains("qwen3, 1 layer, 2 heads, width 16, context 16", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_of_any_other_folder_is_an_error()
    {
        var result = await Cli.RunAsync("info", folder.Path);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"error: {folder.Path} is neither a run nor a model folder", result.Error, StringComparison.Ordinal);
    }

    private string Write(IEnumerable<TrainingProgress> events)
    {
        var run = folder.Combine("run");
        Directory.CreateDirectory(run);
        Recipe.Preset("llama-tiny").Save(Path.Combine(run, Run.RecipeName));
        using var log = MetricsLog.Open(Path.Combine(run, MetricsLog.FileName), resumedStep: 0);
        foreach (var news in events.Where(news => news is StepCompleted or EvaluationCompleted))
        {
            log.Append(news);
        }
        return run;
    }
}

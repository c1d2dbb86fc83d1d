using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>One model that is trained while others use it.</summary>
public sealed class SharedTrainingTests : IDisposable
{
    private readonly TinyRun _run = new();
    private readonly TinyRun _other = new();

    public void Dispose()
    {
        _run.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("lstm")]
    public async Task Generating_and_evaluating_during_training_changes_neither(string shape)
    {
        // The weights stay: what is written and measured meanwhile must be what it is without training.
        var options = TinyRun.Options with { Steps = 200, LearningRate = 1e-30, WeightDecay = 0, EvaluateEvery = 10, CheckpointEvery = 0 };
        using var model = TinyRun.Model(shape);
        using var data = TinyRun.Data();
        var evaluation = new LossEvaluation(data.Validation!, model.Tokenizer, 4, 16, batches: 2);
        var (text, loss) = (await Write(model), evaluation.Measure(model.Model, threads: 1, TestContext.Current.CancellationToken));
        using var trainer = TinyRun.New(model, data, options, _run.Path);
        using var stop = new CancellationTokenSource();
        var training = trainer.RunAsync(cancellationToken: stop.Token);
        var rounds = 0;
        for (; rounds < 20 || (trainer.StepsTaken == 0 && !training.IsCompleted); rounds++)
        {
            Assert.Equal(text, await Write(model));
            Assert.Equal(loss, evaluation.Measure(model.Model, threads: 1, TestContext.Current.CancellationToken));
        }
        await stop.CancelAsync();
        Assert.True((await training).Step > 0);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("lstm")]
    public async Task A_run_during_which_texts_are_written_ends_with_the_same_weights(string shape)
    {
        var options = TinyRun.Options with { Steps = 40 };
        _other.Train(options, shape);
        using var model = TinyRun.Model(shape);
        using var data = TinyRun.Data();
        using var trainer = TinyRun.New(model, data, options, _run.Path);
        var training = trainer.RunAsync(cancellationToken: TestContext.Current.CancellationToken);
        do
        {
            Assert.NotEmpty(await Write(model));
        }
        while (!training.IsCompleted);
        Assert.Equal(EndReason.Completed, (await training).Reason);
        Assert.Equal(_other.Weights(40), _run.Weights(40));
    }

    [Fact]
    public async Task A_run_on_the_pool_stops_after_the_step_in_progress_and_is_saved()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using var trainer = TinyRun.New(model, data, TinyRun.Options with { Steps = 100_000, EvaluateEvery = 0, CheckpointEvery = 0 }, _run.Path);
        using var stop = new CancellationTokenSource();
        using var returned = new ManualResetEventSlim();
        var running = trainer.RunAsync(
            new TinyRun.Listener(news =>
            {
                Assert.True(returned.Wait(TimeSpan.FromSeconds(60)), "RunAsync runs on the thread of its caller");
                if (news is StepCompleted { Step: 3 })
                {
                    stop.Cancel();
                }
            }),
            stop.Token);
        returned.Set();
        var ended = await running;
        Assert.Equal((EndReason.Interrupted, 3L), (ended.Reason, ended.Step));
        Assert.Equal(3, _run.Steps.First());
    }

    [Fact]
    public async Task A_run_that_is_going_on_is_not_run_a_second_time()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using var trainer = TinyRun.New(model, data, TinyRun.Options with { Steps = 4 }, _run.Path);
        using var second = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var running = trainer.RunAsync(
            new TinyRun.Listener(_ =>
            {
                begun.Set();
                Assert.True(second.Wait(TimeSpan.FromSeconds(60)), "nobody ran it a second time");
            }),
            TestContext.Current.CancellationToken);
        Assert.True(begun.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => trainer.RunAsync(cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("going on already", refused.Message, StringComparison.Ordinal);
        second.Set();
        Assert.Equal((EndReason.Completed, 4L), ((await running).Reason, trainer.StepsTaken));
        Assert.Equal(EndReason.Completed, trainer.Run(cancellationToken: TestContext.Current.CancellationToken).Reason); // one that has ended
    }

    [Fact]
    public async Task A_run_that_was_cancelled_before_it_began_saves_its_start()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using var trainer = TinyRun.New(model, data, TinyRun.Options, _run.Path);
        var ended = await trainer.RunAsync(cancellationToken: new CancellationToken(canceled: true));
        Assert.Equal((EndReason.Interrupted, 0L), (ended.Reason, ended.Step));
        Assert.Equal([0], _run.Steps);
    }

    private static async Task<string> Write(LanguageModel model)
    {
        var text = "";
        await foreach (var piece in model.GenerateAsync("the ", new GenerationOptions { MaxTokens = 12, Threads = 1, Seed = 1 }, TestContext.Current.CancellationToken))
        {
            text += piece;
        }
        return text;
    }
}

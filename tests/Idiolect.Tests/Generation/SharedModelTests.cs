using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tests.Training;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Generation;

/// <summary>One model and several threads: models keep buffers of a pass, so passes take turns.</summary>
public sealed class SharedModelTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_threads_that_embed_with_one_model_get_what_each_gets_alone()
    {
        using var model = new Recurrent(new RecurrentConfig { VocabularySize = 257, ContextLength = 8, LayerCount = 1, Width = 8 }, seed: 2);
        using var embedder = new TextEmbedder(model, new ByteTokenizer());
        string[] texts = [new string('a', 900), new string('b', 700)];
        float[][] alone = [.. texts.Select(Embed)];
        var together = await Task.WhenAll(texts.Select(text => Task.Run(
            () => Enumerable.Range(0, 300).Select(_ => Embed(text)).ToArray(), Cancel)));
        Assert.All(together.Zip(alone), pair => Assert.All(pair.First, vector => Assert.Equal(pair.Second, vector)));

        float[] Embed(string text) => embedder.Embed([text], threads: 1, Cancel)[0];
    }

    [Fact]
    public async Task Texts_and_losses_that_are_made_at_the_same_time_are_those_made_alone()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        var (text, loss) = (await Text(model), Loss(model, data));
        var texts = Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Text(model), Cancel)));
        var losses = await Task.Run(() => Enumerable.Range(0, 30).Select(_ => Loss(model, data)).ToArray(), Cancel);
        Assert.All(await texts, other => Assert.Equal(text, other));
        Assert.All(losses, other => Assert.Equal(loss, other));
    }

    [Theory]
    [InlineData("generate")]
    [InlineData("measure")]
    [InlineData("embed")]
    [InlineData("train")]
    public async Task Who_uses_a_model_waits_for_its_turn(string what)
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        var task = new LanguageModelTask(model.Model, model.Tokenizer, data, TinyRun.Options);
        using var step = new TrainingStep(task.Parameters, TinyRun.Options);
        var taken = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        var holder = Task.Factory.StartNew(
            () =>
            {
                lock (model.Model.Parameters.OnePass)
                {
                    taken.SetResult();
                    release.Wait(Cancel);
                }
            },
            Cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await taken.Task;
        var use = Task.Run(Use, Cancel);
        Assert.NotSame(use, await Task.WhenAny(use, Task.Delay(TimeSpan.FromSeconds(0.5), Cancel)));
        release.Set();
        await Task.WhenAll(use, holder);

        async Task Use()
        {
            switch (what)
            {
                case "generate":
                    await Text(model);
                    break;
                case "measure":
                    Loss(model, data);
                    break;
                case "embed":
                    new TextEmbedder(model.Model, model.Tokenizer).Embed(["the model"], threads: 1, Cancel); // which owns nothing here
                    break;
                default:
                    step.ComputeGradients(0, task);
                    break;
            }
        }
    }

    [Theory, Trait("Lane", "Full")]
    [InlineData("llama", Precision.Fp32)]
    [InlineData("llama", Precision.Bf16)]
    [InlineData("lstm", Precision.Fp32)]
    public void Who_generates_measures_and_embeds_while_a_model_trains_changes_no_bit_of_the_training(string shape, Precision precision)
    {
        var options = TinyRun.Options with { Steps = 60, Precision = precision };
        using var alone = new TinyRun();
        alone.Train(options, shape);
        using var disturbed = new TinyRun();
        using var stop = new CancellationTokenSource();
        using var data = TinyRun.Data();
        var rounds = new int[3];
        Task[]? others = null;
        disturbed.Train(options, shape, watch: (model, progress) =>
        {
            others ??=
            [
                Disturb(0, () => Text(model).GetAwaiter().GetResult()),
                Disturb(1, () => Loss(model, data)),
                Disturb(2, () => new TextEmbedder(model.Model, model.Tokenizer).Embed(["the model", "reads"], threads: 1, Cancel)), // which owns nothing here
            ];
            if (progress is StepCompleted { Step: 30 })
            {
                var before = rounds.ToArray();
                Assert.True(SpinWait.SpinUntil(() => rounds.Zip(before).All(pair => pair.First > pair.Second), TimeSpan.FromMinutes(1)), "Nobody got a turn.");
            }
            if (progress is StepCompleted { Step: 60 })
            {
                stop.Cancel();
                Task.WaitAll(others, Cancel); // what one of them threw is thrown here; the model is freed after the run
            }
        });
        Assert.Equal(alone.Bytes(), disturbed.Bytes());

        Task Disturb(int index, Action action) => Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    action();
                    Interlocked.Increment(ref rounds[index]);
                }
            },
            Cancel);
    }

    private static async Task<string> Text(LanguageModel model)
        => string.Concat(await model.GenerateAsync("the ", new GenerationOptions { MaxTokens = 25, Threads = 1 }, Cancel).ToArrayAsync(Cancel));

    private static double Loss(LanguageModel model, TrainingData data)
        => new LossEvaluation(data.Training, model.Tokenizer, 2, 16, batches: 3).Measure(model.Model, threads: 1, Cancel).Loss;
}

using System.Security.Cryptography;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A run small enough to be repeated many times: bytes, two layers, width 16, text made by a seed.</summary>
internal sealed class TinyRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal static TrainingOptions Options { get; } = new()
    {
        Steps = 200,
        BatchSize = 2,
        GradientAccumulation = 2,
        LearningRate = 3e-3,
        WarmupSteps = 2,
        EvaluateEvery = 20,
        EvaluationBatches = 2,
        CheckpointEvery = 25,
        Threads = 1,
    };

    /// <summary>The run's folder; the trainer makes it.</summary>
    internal string Path => _folder["run"];

    internal static GptConfig Config(string shape, float dropout = 0.1f) => shape == "gpt2"
        ? GptConfig.Gpt2(257, contextLength: 16, layerCount: 2, headCount: 2, width: 16) with { Dropout = dropout }
        : new GptConfig
        {
            VocabularySize = 257,
            ContextLength = 16,
            LayerCount = 2,
            HeadCount = 4,
            KeyValueHeadCount = 2,
            Width = 16,
            Dropout = dropout,
        };

    internal static LanguageModel Model(string shape = "llama", float dropout = 0.1f)
        => new(
            shape == "lstm"
                ? new Recurrent(new RecurrentConfig { VocabularySize = 257, ContextLength = 16, LayerCount = 2, Width = 16, Dropout = dropout }, seed: 5)
                : new Gpt(Config(shape, dropout), seed: 5),
            new ByteTokenizer());

    internal static string Text(int words, int seed = 1)
    {
        string[] vocabulary = ["the", "a", "model", "reads", "writes", "token", "after", "long", "text", "Größe"];
        var random = new Random(seed);
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => vocabulary[random.Next(vocabulary.Length)]));
    }

    internal static TrainingData Data(string? training = null) => TrainingData.Encode(
        new Corpus("tiny", [new("t", training ?? Text(600))], [new("v", Text(60, seed: 2))]), new ByteTokenizer());

    /// <summary>Trains a new run to its end, or until a step.</summary>
    internal List<TrainingProgress> Train(
        TrainingOptions options, string shape = "llama", long? stopAt = null, float dropout = 0.1f, Action<LanguageModel, TrainingProgress>? watch = null)
    {
        using var model = Model(shape, dropout);
        using var data = Data();
        using var trainer = New(model, data, options, Path);
        return Run(trainer, model, stopAt, watch);
    }

    /// <summary>Continues the run.</summary>
    internal List<TrainingProgress> Resume(
        Func<TrainingOptions, TrainingOptions>? change = null, long? stopAt = null, Action<LanguageModel, TrainingProgress>? watch = null)
    {
        using var data = Data();
        using var trainer = Resume(Path, data, change ?? (options => options with { Threads = 1 }), out var model);
        using (model)
        {
            return Run(trainer, model, stopAt, watch);
        }
    }

    internal static Trainer New(LanguageModel model, TrainingData data, TrainingOptions options, string run)
        => new(new LanguageModelTask(model.Model, model.Tokenizer, data, options), options, run);

    internal static Trainer Resume(
        string run, TrainingData data, Func<TrainingOptions, TrainingOptions>? change, out LanguageModel model, bool allowOtherData = false)
    {
        LanguageModel? loaded = null;
        try
        {
            var trainer = Trainer.Resume(
                run,
                (checkpoint, state, options) =>
                {
                    loaded = LanguageModel.Load(checkpoint);
                    state.EnsureSameInputs(allowOtherData ? state.DataHash : data.Hash, loaded.Tokenizer.Hash); // before the data are looked at
                    return new LanguageModelTask(loaded.Model, loaded.Tokenizer, data, options);
                },
                change, allowOtherData);
            model = loaded!;
            return trainer;
        }
        catch
        {
            loaded?.Dispose();
            throw;
        }
    }

    internal string Checkpoint(long step) => System.IO.Path.Combine(Path, "checkpoints", $"step-{step:D8}");

    internal IEnumerable<long> Steps => new CheckpointStore(Path).Checkpoints.Select(checkpoint => checkpoint.Step);

    /// <summary>Every file that does not depend on the clock: the checkpoints, the names of the newest and the best.</summary>
    internal string[] Bytes() => BytesOf(Path);

    internal static string[] BytesOf(string run)
        => [.. Directory.EnumerateFiles(run, "*", SearchOption.AllDirectories)
            .Where(file => System.IO.Path.GetFileName(file) is not (MetricsLog.FileName or ".lock"))
            .Select(file => $"{System.IO.Path.GetRelativePath(run, file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")
            .Order(StringComparer.Ordinal)];

    /// <summary>The bytes of a checkpoint's weights.</summary>
    internal byte[] Weights(long step) => File.ReadAllBytes(System.IO.Path.Combine(Checkpoint(step), "model.safetensors"));

    public void Dispose() => _folder.Dispose();

    internal static List<TrainingProgress> Run(
        Trainer trainer, LanguageModel model, long? stopAt = null, Action<LanguageModel, TrainingProgress>? watch = null)
    {
        using var stop = new CancellationTokenSource();
        var news = new List<TrainingProgress>();
        trainer.Run(
            new Listener(progress =>
            {
                news.Add(progress);
                watch?.Invoke(model, progress);
                if (progress is StepCompleted && progress.Step == stopAt)
                {
                    stop.Cancel();
                }
            }),
            stop.Token);
        return news;
    }

    /// <summary>Unlike <see cref="Progress{T}"/>, at once and on the caller's thread.</summary>
    internal sealed class Listener(Action<TrainingProgress> listen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => listen(value);
    }
}

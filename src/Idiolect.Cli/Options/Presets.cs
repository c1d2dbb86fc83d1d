using Idiolect.Data;

namespace Idiolect.Cli.Options;

/// <summary>Settings with a name: what <c>--preset</c> offers. Flags override single values.</summary>
internal static class Presets
{
    internal const string Default = "default";
    internal const string Translate = "translate";

    private static readonly Dictionary<string, TrainingSetup> Table = new TrainingSetup[]
    {
        // Under three minutes on two cores with the documentation of the SDK; 0.4 epochs, so no dropout. In so little time a small
        // model that sees more text wins: docs/numbers.md has the trials.
        new()
        {
            Preset = Default, Architecture = "llama", LayerCount = 4, HeadCount = 4, KeyValueHeadCount = 4, Width = 128,
            ContextLength = 256, BatchSize = 4, Steps = 1300, LearningRate = 6e-3, MinimumLearningRate = 2e-4, WarmupSteps = 80,
            Optimizer = "muon", EvaluateEvery = 325, CheckpointEvery = 325,
        },
        // The setting for which nanoGPT's README publishes a validation loss of 1.88 on tinyshakespeare, at twice its
        // learning rate.
        new()
        {
            Preset = "nanogpt-cpu", Architecture = "gpt2", LayerCount = 4, HeadCount = 4, KeyValueHeadCount = 4, Width = 128,
            ContextLength = 64, BatchSize = 12, Steps = 2000, LearningRate = 2e-3, MinimumLearningRate = 2e-4, Tokenizer = "char",
        },
        // nanoGPT's setting for one GPU on tinyshakespeare.
        new()
        {
            Preset = "nanogpt", Architecture = "gpt2", LayerCount = 6, HeadCount = 6, KeyValueHeadCount = 6, Width = 384,
            ContextLength = 256, BatchSize = 64, Steps = 5000, LearningRate = 1e-3, MinimumLearningRate = 1e-4, Tokenizer = "char", Dropout = 0.2,
        },
        // The shape of GPT-2's smallest model, with the optimiser settings of the reproductions.
        new()
        {
            Preset = "gpt2-124m", Architecture = "gpt2", LayerCount = 12, HeadCount = 12, KeyValueHeadCount = 12, Width = 768,
            ContextLength = 1024, BatchSize = 4, GradientAccumulation = 8, Steps = 20_000, LearningRate = 6e-4, MinimumLearningRate = 6e-5,
            WarmupSteps = 700, Beta2 = 0.95, VocabularySize = 50_257,
        },
        // Small enough for a minute, with everything that the Llama family has: grouped-query attention included.
        new()
        {
            Preset = "llama-tiny", Architecture = "llama", LayerCount = 4, HeadCount = 4, KeyValueHeadCount = 2, Width = 128,
            ContextLength = 128, BatchSize = 16, Steps = 1000, LearningRate = 2e-3, MinimumLearningRate = 2e-4, VocabularySize = 2048,
        },
        // Two minutes on two cores with the messages of the SDK, and far from done then: docs/numbers.md has the trials.
        new()
        {
            Preset = Translate, Task = TrainingSetup.Translate, Data = ParallelCorpus.DotnetResources, Architecture = "transformer",
            LayerCount = 3, HeadCount = 4, KeyValueHeadCount = 4, Width = 128, ContextLength = 512, Dropout = 0.1, BatchSize = 2000,
            Steps = 450, LearningRate = 8e-3, MinimumLearningRate = 2e-4, WarmupSteps = 50, WeightDecay = 0.01, Beta2 = 0.98,
            Optimizer = "muon", VocabularySize = 2000, EvaluateEvery = 150, CheckpointEvery = 150,
        },
        // Recurrent networks with about the default's tokens and parameters, on the same text. The rate was one trial each.
        new()
        {
            Preset = "lstm", Model = "lstm", LayerCount = 1, Width = 256, ContextLength = 64, BatchSize = 16, Steps = 1300,
            LearningRate = 1e-2, MinimumLearningRate = 4e-4, Optimizer = "muon", EvaluateEvery = 325, CheckpointEvery = 325,
        },
        new()
        {
            Preset = "gru", Model = "gru", LayerCount = 1, Width = 256, ContextLength = 64, BatchSize = 16, Steps = 1300,
            LearningRate = 1e-2, MinimumLearningRate = 4e-4, Optimizer = "muon", EvaluateEvery = 325, CheckpointEvery = 325,
        },
        new()
        {
            Preset = "rnn", Model = "rnn", LayerCount = 1, Width = 256, ContextLength = 64, BatchSize = 16, Steps = 1300,
            LearningRate = 1e-2, MinimumLearningRate = 1e-3, Optimizer = "muon", EvaluateEvery = 325, CheckpointEvery = 325,
        },
        // BERT at the default's size. A step learns from 15 % of its tokens, so it has more of them.
        new()
        {
            Preset = "bert", Model = "bert", LayerCount = 4, HeadCount = 4, KeyValueHeadCount = 4, Width = 128, ContextLength = 128, BatchSize = 16,
            Steps = 1300, LearningRate = 6e-3, MinimumLearningRate = 2e-4, WarmupSteps = 80, Optimizer = "muon", EvaluateEvery = 325,
            CheckpointEvery = 325,
        },
        // Counting, no steps: the numbers of layers and steps stand for nothing.
        new()
        {
            Preset = "ngram", Model = "ngram", LayerCount = 1, Width = 1, ContextLength = 1, BatchSize = 1, Steps = 1, WarmupSteps = 0,
            LearningRate = 1, MinimumLearningRate = 0,
        },
    }.ToDictionary(setup => setup.Preset);

    internal static IEnumerable<string> Names => Table.Keys;

    /// <exception cref="ArgumentException">There is no preset of that name.</exception>
    internal static TrainingSetup Get(string name) => Table.TryGetValue(name, out var setup)
        ? setup
        : throw new ArgumentException($"--preset takes {string.Join(", ", Names)}, not \"{name}\"");
}

using Idiolect.Cli.Options;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Runs;

/// <summary>What the model in a folder is.</summary>
internal sealed record ModelSummary
{
    /// <summary>Such as <c>gpt2</c> or <c>llama</c>.</summary>
    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    public required int LayerCount { get; init; }

    public required int HeadCount { get; init; }

    public required int KeyValueHeadCount { get; init; }

    public required int Width { get; init; }

    public required int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Weights, gradients and two moments, without the activations of a batch.</summary>
    public required long TrainingBytes { get; init; }

    /// <summary>Weights and a full cache of keys and values for one text.</summary>
    public required long InferenceBytes { get; init; }

    /// <summary>Such as <c>byte-level BPE</c>.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>Describes a model folder without reading its weights.</summary>
    internal static ModelSummary Read(string folder)
    {
        if (TranslatorSummary.Read(folder) is { } translator)
        {
            return translator;
        }
        var config = GptFolder.LoadConfig(folder);
        var weights = config.ParameterCount * sizeof(float);
        return new ModelSummary
        {
            Architecture = config.LearnedPositions ? "gpt2" : "llama",
            Parameters = config.ParameterCount,
            LayerCount = config.LayerCount,
            HeadCount = config.HeadCount,
            KeyValueHeadCount = config.KeyValueHeadCount,
            Width = config.Width,
            ContextLength = config.ContextLength,
            VocabularySize = config.VocabularySize,
            TrainingBytes = 4 * weights,
            InferenceBytes = weights
                + (2L * config.LayerCount * config.ContextLength * config.KeyValueHeadCount * config.HeadSize * sizeof(float)),
            Tokenizer = DescribeTokenizer(folder),
        };
    }

    internal static string DescribeTokenizer(string folder) => Tokenization.Tokenizer.Load(folder) switch
    {
        BytePairTokenizer => "byte-level BPE",
        CharacterTokenizer => "characters",
        _ => "bytes",
    };
}

/// <summary>A folder as <c>info</c> shows it; what a folder lacks is null.</summary>
internal sealed record RunInfo(string Folder, ModelSummary? Model, TrainingSetup? Setup, TrainingHistory History)
{
    /// <exception cref="InvalidDataException">The folder holds neither a run nor a model, or a damaged one.</exception>
    internal static RunInfo Load(string folder, ModelSummary? model) =>
        model is not null || RunFile.IsRun(folder)
            ? new RunInfo(
                folder, model, File.Exists(Path.Combine(folder, RunFile.Setup)) ? RunFile.ReadSetup(folder) : null, TrainingHistory.Read(folder))
            : throw new InvalidDataException($"{folder} is neither a run nor a model folder: it has no {RunFile.Setup} and no config.json");
}

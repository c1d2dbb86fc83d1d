using Idiolect.Cli.Options;

namespace Idiolect.Cli.Runs;

/// <summary>What the model in a folder is. Phase two fills it from the library.</summary>
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

    /// <summary>Weights, gradients, moments and activations of one batch.</summary>
    public long? TrainingBytes { get; init; }

    /// <summary>Weights and a full cache of keys and values for one text.</summary>
    public required long InferenceBytes { get; init; }

    /// <summary>Such as <c>byte-level BPE</c>.</summary>
    public required string Tokenizer { get; init; }
}

/// <summary>A folder as <c>info</c> shows it; what a folder lacks is null.</summary>
internal sealed record RunInfo(string Folder, ModelSummary? Model, TrainingSetup? Setup, Metrics Metrics)
{
    /// <exception cref="InvalidDataException">The folder holds neither a run nor a model, or a damaged one.</exception>
    internal static RunInfo Load(string folder, ModelSummary? model) =>
        model is not null || RunFile.IsRun(folder)
            ? new RunInfo(
                folder, model, File.Exists(Path.Combine(folder, RunFile.Setup)) ? RunFile.ReadSetup(folder) : null, Metrics.Read(folder))
            : throw new InvalidDataException($"{folder} is neither a run nor a model folder: it has no {RunFile.Setup} and no config.json");
}

using Idiolect.Cli.Options;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Runs;

/// <summary>What the model in a folder is.</summary>
internal sealed record ModelSummary
{
    /// <summary>Such as <c>gpt2</c>, <c>llama</c> or <c>lstm</c>.</summary>
    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Tokens in the longest n-gram; 0 for a network, whose shape the next fields tell.</summary>
    public int Order { get; init; }

    public int LayerCount { get; init; }

    /// <summary>0 for a model without attention.</summary>
    public int HeadCount { get; init; }

    public int KeyValueHeadCount { get; init; }

    public int Width { get; init; }

    public int ContextLength { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Weights, gradients and two moments, without the activations of a batch.</summary>
    public long TrainingBytes { get; init; }

    /// <summary>Weights and what is kept of one text: a full cache of keys and values, or a state.</summary>
    public required long InferenceBytes { get; init; }

    /// <summary>Such as <c>byte-level BPE</c>.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>What texts may be, to a classifier; null for any other model.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Describes a model folder without reading its weights.</summary>
    internal static ModelSummary Read(string folder)
    {
        var labels = ClassifierFolder.LoadLabels(folder);
        var backbone = ReadBackbone(folder);
        return labels is null ? backbone : backbone with
        {
            Labels = labels,
            Parameters = backbone.Parameters + ((long)labels.Count * backbone.Width),
        };
    }

    private static ModelSummary ReadBackbone(string folder)
    {
        if (TranslatorSummary.Read(folder) is { } translator)
        {
            return translator;
        }
        var tokenizer = DescribeTokenizer(folder);
        return ModelFolder.LoadConfig(folder) switch
        {
            GptConfig gpt => Of(gpt, tokenizer),
            BertConfig bert => Of(bert, tokenizer),
            RecurrentConfig recurrent => Of(recurrent, tokenizer),
            NGramConfig ngram => Of(ngram, tokenizer, folder),
            var other => throw new InvalidDataException($"{folder}: a {other.GetType().Name} is no language model"),
        };
    }

    private static ModelSummary Of(GptConfig config, string tokenizer) => new()
    {
        Architecture = GptFolder.ModelType(config),
        Parameters = config.ParameterCount,
        LayerCount = config.LayerCount,
        HeadCount = config.HeadCount,
        KeyValueHeadCount = config.KeyValueHeadCount,
        Width = config.Width,
        ContextLength = config.ContextLength,
        VocabularySize = config.VocabularySize,
        TrainingBytes = 4 * config.ParameterCount * sizeof(float),
        InferenceBytes = (config.ParameterCount
            + (2L * config.LayerCount * config.ContextLength * config.KeyValueHeadCount * config.HeadSize)) * sizeof(float),
        Tokenizer = tokenizer,
    };

    private static ModelSummary Of(BertConfig config, string tokenizer) => new()
    {
        Architecture = TrainingSetup.Bert,
        Parameters = config.ParameterCount,
        LayerCount = config.LayerCount,
        HeadCount = config.HeadCount,
        KeyValueHeadCount = config.HeadCount,
        Width = config.Width,
        ContextLength = config.ContextLength,
        VocabularySize = config.VocabularySize,
        TrainingBytes = 4 * config.ParameterCount * sizeof(float),
        InferenceBytes = config.ParameterCount * sizeof(float),
        Tokenizer = tokenizer,
    };

    private static ModelSummary Of(RecurrentConfig config, string tokenizer) => new()
    {
        Architecture = RecurrentFolder.ModelType(config.Cell),
        Parameters = config.ParameterCount,
        LayerCount = config.LayerCount,
        Width = config.Width,
        ContextLength = config.ContextLength,
        VocabularySize = config.VocabularySize,
        TrainingBytes = 4 * config.ParameterCount * sizeof(float),
        InferenceBytes = (config.ParameterCount + (2L * config.LayerCount * config.Width)) * sizeof(float),
        Tokenizer = tokenizer,
    };

    private static ModelSummary Of(NGramConfig config, string tokenizer, string folder) => new()
    {
        Architecture = TrainingSetup.NGram,
        Parameters = config.ParameterCount,
        Order = config.Order,
        VocabularySize = config.VocabularySize,
        InferenceBytes = 2 * new FileInfo(Path.Combine(folder, "model.safetensors")).Length, // hash tables are at most five eighths full
        Tokenizer = tokenizer,
    };

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

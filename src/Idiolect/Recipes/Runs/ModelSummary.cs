using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Recipes;

/// <summary>What the model in a folder is.</summary>
public sealed record ModelSummary
{
    /// <summary>Such as <c>gpt2</c>, <c>llama</c> or <c>lstm</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Learned numbers, or counted n-grams.</summary>
    public required long Parameters { get; init; }

    /// <summary>Tokens in the longest n-gram; 0 for a network, whose shape the next fields tell.</summary>
    public int Order { get; init; }

    /// <summary>Layers, those of both halves together.</summary>
    public int LayerCount { get; init; }

    /// <summary>0 for a model without attention.</summary>
    public int HeadCount { get; init; }

    /// <summary>Key and value heads.</summary>
    public int KeyValueHeadCount { get; init; }

    /// <summary>Size of the embedding.</summary>
    public int Width { get; init; }

    /// <summary>Tokens that it sees at once.</summary>
    public int ContextLength { get; init; }

    /// <summary>Tokens that it knows.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Weights, gradients and two moments, without the activations of a batch.</summary>
    public long TrainingBytes { get; init; }

    /// <summary>Weights and what is kept of one text: a full cache of keys and values, or a state.</summary>
    public required long InferenceBytes { get; init; }

    /// <summary>Such as <c>byte-level BPE</c>.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>What texts may be, to a classifier; null for any other model.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How the model is meant to write.</summary>
    public GenerationDefaults Generation { get; init; } = new();

    /// <summary>Describes a model folder without reading its weights.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or describes a model that is not supported; the message names file and field.</exception>
    public static ModelSummary Read(string folder)
    {
        var config = ConfigFile.Open(folder);
        var labels = ClassifierFolder.LoadLabels(config);
        var backbone = (ReadTranslator(config) ?? ReadBackbone(config)) with { Generation = GenerationDefaults.Load(folder) };
        return labels is null ? backbone : backbone with
        {
            Labels = labels,
            Parameters = backbone.Parameters + ((long)labels.Count * backbone.Width),
        };
    }

    private static ModelSummary ReadBackbone(ConfigFile file)
    {
        var tokenizer = DescribeTokenizer(file.Folder);
        if (file.ModelType == NGramFolder.ModelType)
        {
            NGramFolder.RequireVocabulary(file, Tokenization.Tokenizer.Load(file.Folder));
        }
        return ModelFolder.LoadConfig(file) switch
        {
            GptConfig gpt => Of(gpt, tokenizer),
            BertConfig bert => Of(bert, tokenizer),
            RecurrentConfig recurrent => Of(recurrent, tokenizer),
            NGramConfig ngram => Of(ngram, tokenizer, file.Folder),
            var own => Of(own, file.ModelType, tokenizer), // of a format that was registered
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
        InferenceBytes = (long)Int128.Min(
            long.MaxValue, // 128 bits: a config may claim any context
            (config.ParameterCount + (2 * (Int128)config.LayerCount * config.ContextLength * config.KeyValueHeadCount * config.HeadSize)) * sizeof(float)),
        Tokenizer = tokenizer,
    };

    private static ModelSummary Of(BertConfig config, string tokenizer) => new()
    {
        Architecture = ModelRecipe.Bert,
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

    private static ModelSummary Of(IModelConfig config, string type, string tokenizer) => new()
    {
        Architecture = type,
        Parameters = config.ParameterCount,
        ContextLength = config.ContextLength,
        VocabularySize = config.VocabularySize,
        TrainingBytes = 4 * config.ParameterCount * sizeof(float),
        InferenceBytes = config.ParameterCount * sizeof(float),
        Tokenizer = tokenizer,
    };

    private static ModelSummary Of(NGramConfig config, string tokenizer, string folder) => new()
    {
        Architecture = ModelRecipe.NGram,
        Parameters = config.ParameterCount,
        Order = config.Order,
        VocabularySize = config.VocabularySize,
        InferenceBytes = 2 * new FileInfo(Path.Combine(folder, "model.safetensors")).Length, // hash tables are at most five eighths full
        Tokenizer = tokenizer,
    };

    /// <summary>An encoder-decoder; null where it holds no encoder-decoder.</summary>
    private static ModelSummary? ReadTranslator(ConfigFile file) => SequenceToSequenceFolder.LoadConfig(file) switch
    {
        EncoderDecoderConfig c => Summary(
            file.Folder, $"encoder-decoder transformer ({(c.NormFirst ? "pre" : "post")}-norm)", c, c.ParameterCount,
            c.EncoderLayerCount + c.DecoderLayerCount, c.HeadCount, c.Width),
        RecurrentSequenceToSequenceConfig c => Summary(
            file.Folder, c.Attention ? "LSTM encoder-decoder with attention" : "LSTM encoder-decoder", c, c.ParameterCount, 2 * c.LayerCount,
            c.Attention ? 1 : 0, c.Width),
        _ => null,
    };

    private static ModelSummary Summary(
        string folder, string architecture, ISequenceToSequenceConfig config, long parameters, int layers, int heads, int width) => new()
        {
            Architecture = architecture,
            Parameters = parameters,
            LayerCount = layers,
            HeadCount = heads,
            KeyValueHeadCount = heads,
            Width = width,
            ContextLength = config.MaximumLength,
            VocabularySize = config.VocabularySize,
            TrainingBytes = 4 * parameters * sizeof(float),
            InferenceBytes = parameters * sizeof(float),
            Tokenizer = DescribeTokenizer(folder),
        };

    private static string DescribeTokenizer(string folder) => Tokenization.Tokenizer.Load(folder) switch
    {
        BytePairTokenizer => "byte-level BPE",
        CharacterTokenizer => "characters",
        _ => "bytes",
    };
}

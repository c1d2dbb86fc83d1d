using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>
/// An LSTM encoder-decoder as a model folder: config.json and model.safetensors with the model's own parameter names. No
/// published library has such a model type; the tensors of a layer are PyTorch's weight_ih and weight_hh, its two biases one.
/// </summary>
public static class RecurrentSequenceToSequenceFolder
{
    internal const string ModelType = "idiolect-lstm-encoder-decoder";

    private static readonly Dictionary<string, string> Names = new()
    {
        [nameof(RecurrentSequenceToSequenceConfig.VocabularySize)] = "vocab_size",
        [nameof(RecurrentSequenceToSequenceConfig.MaximumLength)] = "max_position_embeddings",
        [nameof(RecurrentSequenceToSequenceConfig.Width)] = "hidden_size",
        [nameof(RecurrentSequenceToSequenceConfig.LayerCount)] = "num_hidden_layers",
        [nameof(RecurrentSequenceToSequenceConfig.Dropout)] = "dropout",
        [nameof(RecurrentSequenceToSequenceConfig.LabelSmoothing)] = "label_smoothing",
    };

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or makes no sense.</exception>
    public static RecurrentSequenceToSequenceConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static RecurrentSequenceToSequenceConfig LoadConfig(ConfigFile file) => Check(file, Parse(file));

    /// <summary>The shape, whose numbers are not yet compared with each other.</summary>
    private static RecurrentSequenceToSequenceConfig Parse(ConfigFile file)
    {
        file.RequireModelType(ModelType);
        var f = file.Fields;
        return new RecurrentSequenceToSequenceConfig
        {
            VocabularySize = f.Integer("vocab_size"),
            MaximumLength = f.Integer("max_position_embeddings"),
            Width = f.Integer("hidden_size"),
            LayerCount = f.Integer("num_hidden_layers"),
            Attention = f.BooleanOr("attention", true),
            Dropout = f.SingleOr("dropout", 0),
            LabelSmoothing = f.SingleOr("label_smoothing", 0),
        };
    }

    private static RecurrentSequenceToSequenceConfig Check(ConfigFile file, RecurrentSequenceToSequenceConfig config) => file.Fields.Checked(config, config.Validate, Names);

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static RecurrentSequenceToSequence Load(string folder) => Load(ConfigFile.Open(folder));

    internal static RecurrentSequenceToSequence Load(ConfigFile file)
    {
        var config = Parse(file);
        return ModelWeights.Read(
            file, () => Check(file, config).ParameterCount, () => RecurrentSequenceToSequence.CreateEmpty(config), model => PublishedTensor.Own(model.Parameters),
            [
                new("vocab_size", config.VocabularySize, "embedding.weight", 0),
                new("hidden_size", config.Width, "embedding.weight", 1),
                new("num_hidden_layers", config.LayerCount, "decoder.layers.", null),
            ]);
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(RecurrentSequenceToSequence model, string folder)
    {
        var c = model.Config;
        var json = new JsonObject
        {
            ["model_type"] = ModelType,
            ["vocab_size"] = c.VocabularySize,
            ["max_position_embeddings"] = c.MaximumLength,
            ["hidden_size"] = c.Width,
            ["num_hidden_layers"] = c.LayerCount,
            ["attention"] = c.Attention,
            ["dropout"] = ConfigText.Exact(c.Dropout),
            ["label_smoothing"] = ConfigText.Exact(c.LabelSmoothing),
            ["torch_dtype"] = "float32",
        };
        ModelWeights.Write(folder, json, PublishedTensor.Own(model.Parameters));
    }
}

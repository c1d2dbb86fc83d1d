using System.Text.Json.Nodes;
using Idiolect.Kernels;

namespace Idiolect.Models;

/// <summary>
/// A recurrent model as a folder in the manner of Hugging Face's: config.json, whose <c>model_type</c> is the cell (rnn, lstm or gru), and
/// model.safetensors with the model's own parameter names. No published library has such a model type; the tensors of a layer are
/// PyTorch's weight_ih, weight_hh and biases (an rnn's and an lstm's two biases are one).
/// </summary>
public static class RecurrentFolder
{
    /// <summary>The values of <c>model_type</c>.</summary>
    internal static readonly string[] ModelTypes = ["rnn", "lstm", "gru"];

    private static readonly Dictionary<string, string> Names = new()
    {
        [nameof(RecurrentConfig.VocabularySize)] = "vocab_size",
        [nameof(RecurrentConfig.ContextLength)] = "segment_length",
        [nameof(RecurrentConfig.LayerCount)] = "num_hidden_layers",
        [nameof(RecurrentConfig.Width)] = "hidden_size",
        [nameof(RecurrentConfig.ForgetBias)] = "forget_bias",
        [nameof(RecurrentConfig.Dropout)] = "dropout",
    };

    /// <summary>The <c>model_type</c> of a cell.</summary>
    /// <param name="cell">The cell.</param>
    public static string ModelType(RecurrentCell cell) => ModelTypes[(int)cell];

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or makes no sense.</exception>
    public static RecurrentConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static RecurrentConfig LoadConfig(ConfigFile file) => Check(file, Parse(file));

    /// <summary>The shape, whose numbers are not yet compared with each other.</summary>
    private static RecurrentConfig Parse(ConfigFile file)
    {
        var fields = file.Fields;
        var type = fields.Text("model_type");
        var cell = Array.IndexOf(ModelTypes, type);
        return new RecurrentConfig
        {
            Cell = cell >= 0 ? (RecurrentCell)cell : throw fields.Error("model_type", $"\"{type}\" is none of {string.Join(", ", ModelTypes)}"),
            VocabularySize = fields.Integer("vocab_size"),
            ContextLength = fields.Integer("segment_length"),
            LayerCount = fields.Integer("num_hidden_layers"),
            Width = fields.Integer("hidden_size"),
            ForgetBias = fields.SingleOr("forget_bias", 1),
            TiedEmbedding = fields.BooleanOr("tie_word_embeddings", true),
            Dropout = fields.SingleOr("dropout", 0),
            BeginningOfTextId = fields.OptionalInteger("bos_token_id"),
        };
    }

    private static RecurrentConfig Check(ConfigFile file, RecurrentConfig config) => file.Fields.Checked(config, config.Validate, Names);

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static Recurrent Load(string folder) => Load(ConfigFile.Open(folder));

    internal static Recurrent Load(ConfigFile file)
    {
        var config = Parse(file);
        return ModelWeights.Read(file, () => Check(file, config).ParameterCount, () => Recurrent.CreateEmpty(config), model => PublishedTensor.Own(model.Parameters),
        [
            new("vocab_size", config.VocabularySize, "token_embedding.weight", 0),
            new("hidden_size", config.Width, "token_embedding.weight", 1),
            new("num_hidden_layers", config.LayerCount, "layers.", null),
        ]);
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Recurrent model, string folder)
        => ModelWeights.Write(folder, Describe(model.Config), PublishedTensor.Own(model.Parameters));

    /// <summary>The fields of config.json.</summary>
    internal static JsonObject Describe(RecurrentConfig c) => new()
    {
        ["model_type"] = ModelType(c.Cell),
        ["vocab_size"] = c.VocabularySize,
        ["hidden_size"] = c.Width,
        ["num_hidden_layers"] = c.LayerCount,
        ["segment_length"] = c.ContextLength,
        ["forget_bias"] = ConfigText.Exact(c.ForgetBias),
        ["tie_word_embeddings"] = c.TiedEmbedding,
        ["dropout"] = ConfigText.Exact(c.Dropout),
        ["bos_token_id"] = c.BeginningOfTextId,
        ["eos_token_id"] = c.BeginningOfTextId,
        ["torch_dtype"] = "float32",
    };
}

using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>
/// An encoder-decoder transformer as a model folder: config.json, with Marian's field names, and model.safetensors with our
/// own parameter names. No published model type has sinusoidal positions with pre-norm, so the type is ours.
/// </summary>
public static class EncoderDecoderFolder
{
    internal const string ModelType = "idiolect-encoder-decoder";

    private static readonly Dictionary<string, string> Names = new()
    {
        [nameof(EncoderDecoderConfig.VocabularySize)] = "vocab_size",
        [nameof(EncoderDecoderConfig.MaximumLength)] = "max_position_embeddings",
        [nameof(EncoderDecoderConfig.Width)] = "d_model",
        [nameof(EncoderDecoderConfig.HeadCount)] = "num_attention_heads",
        [nameof(EncoderDecoderConfig.EncoderLayerCount)] = "encoder_layers",
        [nameof(EncoderDecoderConfig.DecoderLayerCount)] = "decoder_layers",
        [nameof(EncoderDecoderConfig.FeedForwardWidth)] = "ffn_dim",
        [nameof(EncoderDecoderConfig.NormEpsilon)] = "layer_norm_eps",
        [nameof(EncoderDecoderConfig.Dropout)] = "dropout",
        [nameof(EncoderDecoderConfig.LabelSmoothing)] = "label_smoothing",
    };

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or makes no sense.</exception>
    public static EncoderDecoderConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static EncoderDecoderConfig LoadConfig(ConfigFile file) => Check(file, Parse(file));

    /// <summary>The shape, whose numbers are not yet compared with each other.</summary>
    private static EncoderDecoderConfig Parse(ConfigFile file)
    {
        file.RequireModelType(ModelType);
        var f = file.Fields;
        return new EncoderDecoderConfig
        {
            VocabularySize = f.Integer("vocab_size"),
            MaximumLength = f.Integer("max_position_embeddings"),
            Width = f.Integer("d_model"),
            HeadCount = f.Integer("num_attention_heads"),
            EncoderLayerCount = f.Integer("encoder_layers"),
            DecoderLayerCount = f.Integer("decoder_layers"),
            FeedForwardWidth = f.Integer("ffn_dim"),
            NormFirst = f.BooleanOr("normalize_before", false),
            NormEpsilon = f.SingleOr("layer_norm_eps", 1e-5f),
            Dropout = f.SingleOr("dropout", 0),
            LabelSmoothing = f.SingleOr("label_smoothing", 0),
        };
    }

    private static EncoderDecoderConfig Check(ConfigFile file, EncoderDecoderConfig config) => file.Fields.Checked(config, config.Validate, Names);

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static EncoderDecoder Load(string folder) => Load(ConfigFile.Open(folder));

    internal static EncoderDecoder Load(ConfigFile file)
    {
        var config = Parse(file);
        return ModelWeights.Read(file, () => Check(file, config).ParameterCount, () => EncoderDecoder.CreateEmpty(config), model => PublishedTensor.Own(model.Parameters),
        [
            new("vocab_size", config.VocabularySize, "embedding.weight", 0),
            new("d_model", config.Width, "embedding.weight", 1),
            new("encoder_layers", config.EncoderLayerCount, "encoder.layers.", null),
            new("decoder_layers", config.DecoderLayerCount, "decoder.layers.", null),
            new("ffn_dim", config.FeedForwardWidth, "encoder.layers.0.feed_forward.up.weight", 0),
        ]);
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(EncoderDecoder model, string folder)
    {
        var c = model.Config;
        var json = new JsonObject
        {
            ["model_type"] = ModelType,
            ["vocab_size"] = c.VocabularySize,
            ["max_position_embeddings"] = c.MaximumLength,
            ["d_model"] = c.Width,
            ["num_attention_heads"] = c.HeadCount,
            ["encoder_layers"] = c.EncoderLayerCount,
            ["decoder_layers"] = c.DecoderLayerCount,
            ["ffn_dim"] = c.FeedForwardWidth,
            ["normalize_before"] = c.NormFirst,
            ["layer_norm_eps"] = ConfigText.Exact(c.NormEpsilon),
            ["dropout"] = ConfigText.Exact(c.Dropout),
            ["label_smoothing"] = ConfigText.Exact(c.LabelSmoothing),
            ["torch_dtype"] = "float32",
        };
        ModelWeights.Write(folder, json, PublishedTensor.Own(model.Parameters));
    }
}

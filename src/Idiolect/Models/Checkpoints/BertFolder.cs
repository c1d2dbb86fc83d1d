using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>A BERT as the config.json and model.safetensors of a Hugging Face model folder (<c>BertForMaskedLM</c>).</summary>
public static class BertFolder
{
    internal const string ModelType = "bert";

    private static readonly Dictionary<string, string> Names = new()
    {
        [nameof(BertConfig.VocabularySize)] = "vocab_size",
        [nameof(BertConfig.ContextLength)] = "max_position_embeddings",
        [nameof(BertConfig.LayerCount)] = "num_hidden_layers",
        [nameof(BertConfig.HeadCount)] = "num_attention_heads",
        [nameof(BertConfig.Width)] = "hidden_size",
        [nameof(BertConfig.FeedForwardWidth)] = "intermediate_size",
        [nameof(BertConfig.TokenTypeCount)] = "type_vocab_size",
        [nameof(BertConfig.NormEpsilon)] = "layer_norm_eps",
        [nameof(BertConfig.Dropout)] = "hidden_dropout_prob",
    };

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static BertConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static BertConfig LoadConfig(ConfigFile file) => Check(file, Parse(file));

    /// <summary>The shape, whose numbers are not yet compared with each other.</summary>
    private static BertConfig Parse(ConfigFile file)
    {
        file.RequireModelType(ModelType);
        var f = file.Fields;
        if (f.TextOr("hidden_act", "gelu") != "gelu")
        {
            throw f.Error("hidden_act", "only \"gelu\" is supported");
        }
        if (f.TextOr("position_embedding_type", "absolute") != "absolute")
        {
            throw f.Error("position_embedding_type", "only \"absolute\" is supported");
        }
        ConfigVariations.Refuse(f);
        f.Require("is_decoder", false);
        f.Require("tie_word_embeddings", true);
        return new BertConfig
        {
            VocabularySize = f.Integer("vocab_size"),
            ContextLength = f.Integer("max_position_embeddings"),
            LayerCount = f.Integer("num_hidden_layers"),
            HeadCount = f.Integer("num_attention_heads"),
            Width = f.Integer("hidden_size"),
            FeedForwardWidth = f.Integer("intermediate_size"),
            TokenTypeCount = f.IntegerOr("type_vocab_size", 2),
            NormEpsilon = f.SingleOr("layer_norm_eps", 1e-12f),
            Dropout = f.SingleOr("hidden_dropout_prob", 0.1f),
            BeginningOfTextId = f.OptionalInteger("bos_token_id"),
        };
    }

    private static BertConfig Check(ConfigFile file, BertConfig config) => file.Fields.Checked(config, config.Validate, Names);

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static Bert Load(string folder) => Load(ConfigFile.Open(folder));

    internal static Bert Load(ConfigFile file)
    {
        var config = Parse(file);
        return ModelWeights.Read(file, () => Check(file, config).ParameterCount, () => Bert.CreateEmpty(config), Published,
        [
            new("vocab_size", config.VocabularySize, "bert.embeddings.word_embeddings.weight", 0),
            new("hidden_size", config.Width, "bert.embeddings.word_embeddings.weight", 1),
            new("max_position_embeddings", config.ContextLength, "bert.embeddings.position_embeddings.weight", 0),
            new("type_vocab_size", config.TokenTypeCount, "bert.embeddings.token_type_embeddings.weight", 0),
            new("num_hidden_layers", config.LayerCount, "bert.encoder.layer.", null),
            new("intermediate_size", config.FeedForwardWidth, "bert.encoder.layer.0.intermediate.dense.weight", 0),
        ]);
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Bert model, string folder) => ModelWeights.Write(folder, Describe(model.Config), Published(model));

    /// <summary>The fields of config.json.</summary>
    internal static JsonObject Describe(BertConfig c) => new()
    {
        ["architectures"] = new JsonArray("BertForMaskedLM"),
        ["model_type"] = ModelType,
        ["vocab_size"] = c.VocabularySize,
        ["hidden_size"] = c.Width,
        ["num_hidden_layers"] = c.LayerCount,
        ["num_attention_heads"] = c.HeadCount,
        ["intermediate_size"] = c.FeedForwardWidth,
        ["hidden_act"] = "gelu",
        ["max_position_embeddings"] = c.ContextLength,
        ["type_vocab_size"] = c.TokenTypeCount,
        ["layer_norm_eps"] = ConfigText.Exact(c.NormEpsilon),
        ["hidden_dropout_prob"] = ConfigText.Exact(c.Dropout),
        ["attention_probs_dropout_prob"] = ConfigText.Exact(c.Dropout),
        ["initializer_range"] = 0.02,
        ["position_embedding_type"] = "absolute",
        ["tie_word_embeddings"] = true,
        ["bos_token_id"] = c.BeginningOfTextId,
        ["eos_token_id"] = c.BeginningOfTextId,
        ["pad_token_id"] = null, // padding is told by lengths
        ["torch_dtype"] = "float32",
    };

    /// <summary>Every tensor of the checkpoint; the output layer's matrix is the embedding's and is stored once.</summary>
    internal static IEnumerable<PublishedTensor> Published(Bert model)
    {
        var width = model.Config.Width;
        yield return Whole("bert.embeddings.word_embeddings.weight", "token_embedding.weight");
        yield return Whole("bert.embeddings.position_embeddings.weight", "position_embedding.weight");
        yield return Whole("bert.embeddings.token_type_embeddings.weight", "token_type_embedding.weight");
        foreach (var part in new[] { "weight", "bias" })
        {
            yield return Whole($"bert.embeddings.LayerNorm.{part}", $"embedding_norm.{part}");
            for (var i = 0; i < model.Config.LayerCount; i++)
            {
                var (there, here) = ($"bert.encoder.layer.{i}", $"layers.{i}");
                var qkv = model.Parameters[$"{here}.attention.qkv.{part}"];
                yield return new($"{there}.attention.self.query.{part}", qkv, 0, width);
                yield return new($"{there}.attention.self.key.{part}", qkv, width, width);
                yield return new($"{there}.attention.self.value.{part}", qkv, 2 * width, width);
                yield return Whole($"{there}.attention.output.dense.{part}", $"{here}.attention.output.{part}");
                yield return Whole($"{there}.attention.output.LayerNorm.{part}", $"{here}.attention_norm.{part}");
                yield return Whole($"{there}.intermediate.dense.{part}", $"{here}.feed_forward.up.{part}");
                yield return Whole($"{there}.output.dense.{part}", $"{here}.feed_forward.down.{part}");
                yield return Whole($"{there}.output.LayerNorm.{part}", $"{here}.feed_forward_norm.{part}");
            }
            yield return Whole($"cls.predictions.transform.dense.{part}", $"transform.{part}");
            yield return Whole($"cls.predictions.transform.LayerNorm.{part}", $"transform_norm.{part}");
        }
        yield return Whole("cls.predictions.bias", "output.bias");

        PublishedTensor Whole(string published, string ours)
        {
            var parameter = model.Parameters[ours];
            return new(published, parameter, 0, parameter.Shape[0]);
        }
    }
}

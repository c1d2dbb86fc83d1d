using System.Text.Json.Nodes;
using Idiolect.Formats;
using Idiolect.Layers;

namespace Idiolect.Models;

/// <summary>Reads and writes a GPT's shape as Hugging Face's config.json: model types gpt2, llama and qwen3.</summary>
internal static class GptConfigJson
{
    /// <summary>The file that says how a model is meant to write.</summary>
    internal const string GenerationName = "generation_config.json";

    // What a complaint about a property calls it: the field that the property is read from.
    private static readonly Dictionary<string, string> Gpt2Names = new()
    {
        [nameof(GptConfig.VocabularySize)] = "vocab_size",
        [nameof(GptConfig.ContextLength)] = "n_positions",
        [nameof(GptConfig.LayerCount)] = "n_layer",
        [nameof(GptConfig.HeadCount)] = "n_head",
        [nameof(GptConfig.KeyValueHeadCount)] = "n_head",
        [nameof(GptConfig.HeadSize)] = "n_head",
        [nameof(GptConfig.Width)] = "n_embd",
        [nameof(GptConfig.FeedForwardWidth)] = "n_inner",
        [nameof(GptConfig.NormEpsilon)] = "layer_norm_epsilon",
        [nameof(GptConfig.Dropout)] = "resid_pdrop",
    };

    private static readonly Dictionary<string, string> LlamaNames = new()
    {
        [nameof(GptConfig.VocabularySize)] = "vocab_size",
        [nameof(GptConfig.ContextLength)] = "max_position_embeddings",
        [nameof(GptConfig.LayerCount)] = "num_hidden_layers",
        [nameof(GptConfig.HeadCount)] = "num_attention_heads",
        [nameof(GptConfig.KeyValueHeadCount)] = "num_key_value_heads",
        [nameof(GptConfig.HeadSize)] = "head_dim",
        [nameof(GptConfig.Width)] = "hidden_size",
        [nameof(GptConfig.FeedForwardWidth)] = "intermediate_size",
        [nameof(GptConfig.NormEpsilon)] = "rms_norm_eps",
        [nameof(GptConfig.RopeTheta)] = "rope_theta",
        [nameof(GptConfig.Dropout)] = "attention_dropout",
    };

    /// <summary>The model type that describes this shape.</summary>
    /// <exception cref="ArgumentException">No published model type has this combination.</exception>
    internal static string ModelType(GptConfig c)
    {
        if (c.LearnedPositions)
        {
            return c is { Norm: NormKind.LayerNorm, Bias: true, NormalizeQueryKey: false }
                && c.Activation != FeedForwardActivation.SwiGlu && c.KeyValueHeadCount == c.HeadCount && c.HeadSize * c.HeadCount == c.Width
                ? "gpt2"
                : throw new ArgumentException(
                    "Learned positions go with LayerNorm, biases, an ungated activation and one key-value head a head (GPT-2): "
                    + "no published model type has this combination, so it could not be saved.");
        }
        return c is { Norm: NormKind.RmsNorm, Bias: false, Activation: FeedForwardActivation.SwiGlu }
            ? c.NormalizeQueryKey ? "qwen3" : "llama"
            : throw new ArgumentException(
                "Rotary positions go with RMSNorm, SwiGLU and no biases (Llama): no published model type has this combination, so it could not be saved.");
    }

    /// <summary>The text of config.json.</summary>
    internal static string Write(GptConfig c) => ConfigText.Indented(Describe(c));

    /// <summary>The fields of config.json.</summary>
    internal static JsonObject Describe(GptConfig c)
    {
        var type = ModelType(c);
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(type switch { "gpt2" => "GPT2LMHeadModel", "llama" => "LlamaForCausalLM", _ => "Qwen3ForCausalLM" }),
            ["model_type"] = type,
            ["vocab_size"] = c.VocabularySize,
            ["bos_token_id"] = c.BeginningOfTextId,
            ["eos_token_id"] = EndOfText(c),
            ["tie_word_embeddings"] = c.TiedEmbedding,
            ["initializer_range"] = 0.02,
            ["torch_dtype"] = "float32",
            ["use_cache"] = true,
        };
        if (type == "gpt2")
        {
            json["n_positions"] = c.ContextLength;
            json["n_ctx"] = c.ContextLength;
            json["n_embd"] = c.Width;
            json["n_layer"] = c.LayerCount;
            json["n_head"] = c.HeadCount;
            json["n_inner"] = c.FeedForwardWidth;
            json["activation_function"] = ActivationName(c.Activation);
            json["layer_norm_epsilon"] = ConfigText.Exact(c.NormEpsilon);
            json["embd_pdrop"] = ConfigText.Exact(c.Dropout);
            json["attn_pdrop"] = ConfigText.Exact(c.Dropout);
            json["resid_pdrop"] = ConfigText.Exact(c.Dropout);
        }
        else
        {
            json["hidden_size"] = c.Width;
            json["intermediate_size"] = c.FeedForwardWidth;
            json["num_hidden_layers"] = c.LayerCount;
            json["num_attention_heads"] = c.HeadCount;
            json["num_key_value_heads"] = c.KeyValueHeadCount;
            json["head_dim"] = c.HeadSize;
            json["max_position_embeddings"] = c.ContextLength;
            json["rms_norm_eps"] = ConfigText.Exact(c.NormEpsilon);
            json["rope_theta"] = c.RopeTheta;
            json["hidden_act"] = "silu";
            json["attention_bias"] = false;
            json["attention_dropout"] = ConfigText.Exact(c.Dropout);
            if (type == "llama")
            {
                json["mlp_bias"] = false;
            }
        }
        return json;
    }

    /// <summary>The text of generation_config.json.</summary>
    internal static string WriteGeneration(GptConfig c) => ConfigText.Indented(new JsonObject
    {
        ["bos_token_id"] = c.BeginningOfTextId,
        ["eos_token_id"] = EndOfText(c),
    });

    private static JsonNode? EndOfText(GptConfig c) => c.EndOfTextIds.Count switch
    {
        0 => c.BeginningOfTextId,
        1 => c.EndOfTextIds[0],
        _ => new JsonArray([.. c.EndOfTextIds.Select(id => JsonValue.Create(id))]),
    };

    /// <summary>The shape with the tokens that end a text as generation_config.json has them, beside those of config.json.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    internal static GptConfig WithEnds(GptConfig config, string folder)
    {
        var path = Path.Combine(folder, GenerationName);
        if (!File.Exists(path))
        {
            return config;
        }
        FileKind.RequireRegular(path);
        IReadOnlyList<int> ends = [.. EndOfTextFrom(new JsonFields(File.ReadAllText(path), path), config.BeginningOfTextId).Union(config.EndOfTextIds)];
        return ends.SequenceEqual(config.EndOfTextIds) ? config : config with { EndOfTextIds = ends };
    }

    private static IReadOnlyList<int> EndOfTextFrom(JsonFields f, int? beginning)
    {
        var ids = f.Integers("eos_token_id");
        return ids.Count == 1 && ids[0] == beginning ? [] : ids;
    }

    /// <summary>The shape that a config.json describes.</summary>
    /// <exception cref="InvalidDataException">A field is missing, of the wrong kind, or asks for something not supported.</exception>
    internal static GptConfig Read(string text, string file) => Read(new JsonFields(text, file));

    /// <inheritdoc cref="Read(string, string)"/>
    internal static GptConfig Read(JsonFields fields) => Check(fields, Parse(fields));

    /// <summary>The shape, whose numbers are not yet compared with each other.</summary>
    internal static GptConfig Parse(JsonFields fields) => fields.Text("model_type") switch
    {
        "gpt2" => ReadGpt2(fields),
        var type and ("llama" or "qwen3") => ReadLlama(fields, type),
        var type => throw fields.Error("model_type", $"\"{type}\" is not supported; gpt2, llama and qwen3 are{Others()}"),
    };

    /// <summary>Compares them.</summary>
    internal static GptConfig Check(JsonFields fields, GptConfig config)
        => fields.Checked(config, config.Validate, config.LearnedPositions ? Gpt2Names : LlamaNames);

    private static string Others() => ModelFormat.RegisteredTypes.ToArray() is { Length: > 0 } others ? $", and {string.Join(", ", others)}" : "";

    private static GptConfig ReadGpt2(JsonFields f)
    {
        ConfigVariations.Refuse(f);
        f.Require("scale_attn_by_inverse_layer_idx", false);
        f.Require("reorder_and_upcast_attn", false);
        f.Require("scale_attn_weights", true);
        return GptConfig.Gpt2(f.Integer("vocab_size"), f.Integer("n_positions"), f.Integer("n_layer"), f.Integer("n_head"), f.Integer("n_embd")) with
        {
            FeedForwardWidth = f.IntegerOr("n_inner", 0),
            Activation = ActivationFrom(f, "activation_function", "gelu_new"),
            NormEpsilon = f.SingleOr("layer_norm_epsilon", 1e-5f),
            TiedEmbedding = f.BooleanOr("tie_word_embeddings", true),
            Dropout = f.SingleOr("resid_pdrop", 0),
            BeginningOfTextId = f.OptionalInteger("bos_token_id"),
            EndOfTextIds = EndOfTextFrom(f, f.OptionalInteger("bos_token_id")),
        };
    }

    private static GptConfig ReadLlama(JsonFields f, string type)
    {
        ConfigVariations.Refuse(f);
        var contextLength = f.Integer("max_position_embeddings");
        ConfigVariations.RefuseOfLlama(f, contextLength);
        JsonFields?[] ropes = [f.Object("rope_parameters"), f.Object("rope_scaling"), f]; // transformers 5 has the base in one of the first two
        var activation = ActivationFrom(f, "hidden_act", "silu");
        if (activation != FeedForwardActivation.Silu)
        {
            throw f.Error("hidden_act", "only \"silu\" is supported in a gated feed-forward layer");
        }
        return new GptConfig
        {
            VocabularySize = f.Integer("vocab_size"),
            ContextLength = contextLength,
            LayerCount = f.Integer("num_hidden_layers"),
            HeadCount = f.Integer("num_attention_heads"),
            KeyValueHeadCount = f.IntegerOr("num_key_value_heads", 0),
            Width = f.Integer("hidden_size"),
            HeadSize = f.IntegerOr("head_dim", 0),
            FeedForwardWidth = f.Integer("intermediate_size"),
            NormEpsilon = f.SingleOr("rms_norm_eps", 1e-6f),
            RopeTheta = (ropes.FirstOrDefault(rope => rope?.Has("rope_theta") == true) ?? f).NumberOr("rope_theta", 10_000),
            NormalizeQueryKey = type == "qwen3",
            TiedEmbedding = f.BooleanOr("tie_word_embeddings", false),
            Dropout = f.SingleOr("attention_dropout", 0),
            BeginningOfTextId = f.OptionalInteger("bos_token_id"),
            EndOfTextIds = EndOfTextFrom(f, f.OptionalInteger("bos_token_id")),
        };
    }

    private static string ActivationName(FeedForwardActivation activation) => activation switch
    {
        FeedForwardActivation.Gelu => "gelu",
        FeedForwardActivation.GeluTanh => "gelu_new",
        FeedForwardActivation.Silu => "silu",
        FeedForwardActivation.Relu => "relu",
        _ => "relu2",
    };

    private static FeedForwardActivation ActivationFrom(JsonFields f, string name, string otherwise) => f.TextOr(name, otherwise) switch
    {
        "gelu" => FeedForwardActivation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" => FeedForwardActivation.GeluTanh,
        "silu" or "swish" => FeedForwardActivation.Silu,
        "relu" => FeedForwardActivation.Relu,
        "relu2" => FeedForwardActivation.ReluSquared,
        var other => throw f.Error(name, $"\"{other}\" is not a supported activation"),
    };
}

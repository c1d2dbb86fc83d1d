using Idiolect.Generation;
using Idiolect.Models;

namespace Idiolect.Tests.Models;

public sealed class GptFolderTests : IDisposable
{
    private const string Llama
        = """{"model_type":"llama","vocab_size":37,"max_position_embeddings":20,"num_hidden_layers":1,"num_attention_heads":2,"hidden_size":8,"intermediate_size":16}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("idiolect-model-").FullName;

    public static TheoryData<string> Models => TinyModels.Names;

    [Theory, MemberData(nameof(Models))]
    public void A_config_survives_saving_and_loading(string name)
    {
        var config = TinyModels.Config(name, dropout: 0.2f) with { NormEpsilon = 3e-6f, BeginningOfTextId = 5 };
        using var model = new Gpt(config);
        GptFolder.Save(model, _folder);
        Assert.Equal(GptConfigJson.Write(config), GptConfigJson.Write(GptFolder.LoadConfig(_folder)));
    }

    [Theory, MemberData(nameof(Models))]
    public void Weights_survive_saving_and_loading_bit_for_bit(string name)
    {
        using var model = new Gpt(TinyModels.Config(name), seed: 7);
        TinyModels.Roughen(model);
        GptFolder.Save(model, _folder);
        using var loaded = GptFolder.Load(_folder);
        foreach (var parameter in model.Parameters.All)
        {
            Assert.True(parameter.Values.SequenceEqual(loaded.Parameters[parameter.Name].Values), parameter.Name);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_parameter_count_is_what_the_model_really_has(string name)
    {
        foreach (var tied in new[] { true, false })
        {
            var config = TinyModels.Config(name) with { TiedEmbedding = tied };
            using var model = new Gpt(config);
            Assert.Equal(model.Parameters.Count, config.ParameterCount);
        }
    }

    [Fact]
    public void Fresh_weights_are_a_function_of_the_seed()
    {
        using var one = new Gpt(TinyModels.Config("llama"), seed: 1);
        using var same = new Gpt(TinyModels.Config("llama"), seed: 1);
        using var other = new Gpt(TinyModels.Config("llama"), seed: 2);
        const string Name = "layers.0.attention.qkv.weight";
        Assert.True(one.Parameters[Name].Values.SequenceEqual(same.Parameters[Name].Values));
        Assert.False(one.Parameters[Name].Values.SequenceEqual(other.Parameters[Name].Values));
    }

    [Theory]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "model_type")]
    [InlineData("""{"model_type":7}""", "model_type")]
    [InlineData("""{"model_type":"\ud800"}""", "model_type")]
    [InlineData("""{"\ud800":1}""", "not valid JSON")]
    [InlineData("""{"model_type":"bert"}""", "model_type")]
    public void A_config_that_is_none_is_refused_by_name(string text, string names) => AssertRefused(text, names);

    [Theory]
    [InlineData("vocab_size", "\"many\"", "vocab_size")]
    [InlineData("vocab_size", "1.5", "vocab_size")]
    [InlineData("vocab_size", "null", "vocab_size")]
    [InlineData("vocab_size", "99999999999", "vocab_size")]
    [InlineData("vocab_size", "-1", "field vocab_size: -1")]
    [InlineData("num_hidden_layers", "0", "field num_hidden_layers: 0")]
    [InlineData("num_attention_heads", "3", "field hidden_size: ")]
    [InlineData("num_key_value_heads", "-2", "field num_key_value_heads: -2")]
    [InlineData("rms_norm_eps", "-1", "field rms_norm_eps: -1")]
    [InlineData("rms_norm_eps", "\"x\"", "rms_norm_eps")]
    [InlineData("hidden_act", "\"tanh\"", "hidden_act")]
    [InlineData("rope_scaling", "{\"type\":\"linear\"}", "field rope_scaling: field type: \"linear\"")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4}", "field rope_scaling: field rope_type: \"yarn\"")]
    [InlineData("rope_parameters", "{\"partial_rotary_factor\":0.5}", "field rope_parameters: field partial_rotary_factor")]
    [InlineData("rms_norm_eps", "1e300", "field rms_norm_eps: 1e+300")]
    [InlineData("rope_theta", "1e300", "field rope_theta: 1E+300")]
    [InlineData("rope_theta", "0", "field rope_theta: 0")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor")]
    [InlineData("sliding_window", "8", "sliding_window")]
    [InlineData("use_sliding_window", "true", "use_sliding_window")]
    [InlineData("layer_types", "[\"full_attention\",\"sliding_attention\"]", "layer_types")]
    [InlineData("mlp_bias", "true", "mlp_bias")]
    [InlineData("qkv_bias", "true", "qkv_bias")]
    [InlineData("logits_scaling", "8", "logits_scaling")]
    [InlineData("logit_scale", "0.0625", "logit_scale")]
    [InlineData("final_logit_softcapping", "30.0", "final_logit_softcapping")]
    [InlineData("attn_logit_softcapping", "50.0", "attn_logit_softcapping")]
    [InlineData("embedding_multiplier", "12", "embedding_multiplier")]
    [InlineData("residual_multiplier", "0.22", "residual_multiplier")]
    [InlineData("attention_multiplier", "0.015", "attention_multiplier")]
    [InlineData("quantization_config", "{\"quant_method\":\"gptq\"}", "quantization_config")]
    [InlineData("is_encoder_decoder", "true", "is_encoder_decoder")]
    [InlineData("num_local_experts", "8", "num_local_experts")]
    [InlineData("no_rope_layers", "[1,1,0]", "no_rope_layers")]
    [InlineData("pruned_heads", "{\"0\":[1]}", "pruned_heads")]
    [InlineData("rope_parameters", "7", "rope_parameters")]
    [InlineData("rope_parameters", "{\"rope_theta\":\"x\"}", "field rope_parameters: field rope_theta")]
    [InlineData("rope_parameters", "{\"rope_type\":\"llama3\",\"rope_theta\":500000.0}", "field rope_parameters: field rope_type: \"llama3\"")]
    [InlineData("eos_token_id", "[1,\"2\"]", "eos_token_id")]
    [InlineData("attention_bias", "true", "attention_bias")]
    [InlineData("tie_word_embeddings", "1", "tie_word_embeddings")]
    public void A_field_with_a_bad_value_is_refused_by_name(string field, string value, string names)
        => AssertRefused(Llama[..^1] + $",\"{field}\":{value}}}", names);

    [Theory]
    [InlineData("scale_attn_by_inverse_layer_idx", "true")]
    [InlineData("reorder_and_upcast_attn", "true")]
    [InlineData("scale_attn_weights", "false")]
    [InlineData("add_cross_attention", "true")]
    [InlineData("activation_function", "\"tanh\"")]
    public void A_variation_of_GPT_2_that_we_do_not_have_is_refused_by_name(string field, string value) => AssertRefused(
        $$"""{"model_type":"gpt2","vocab_size":37,"n_positions":20,"n_layer":1,"n_head":2,"n_embd":8,"{{field}}":{{value}}}""", $"field {field}: ");

    [Theory]
    [InlineData("rope_scaling", "{\"rope_type\":\"default\"}")]
    [InlineData("rope_scaling", "null")]
    [InlineData("sliding_window", "null")]
    [InlineData("sliding_window", "20")]
    [InlineData("sliding_window", "4096")]
    [InlineData("use_sliding_window", "false")]
    [InlineData("layer_types", "[\"full_attention\"]")]
    [InlineData("partial_rotary_factor", "1.0")]
    [InlineData("quantization_config", "null")]
    [InlineData("pruned_heads", "{}")]
    [InlineData("transformers_version", "\"5.0.0\"")]
    [InlineData("pretraining_tp", "1")]
    public void A_value_without_effect_is_accepted(string field, string value)
        => Assert.Equal(GptConfigJson.Read(Llama, "f"), GptConfigJson.Read(Llama[..^1] + $",\"{field}\":{value}}}", "f"));

    [Fact]
    public void A_window_that_is_not_used_is_accepted()
        => GptConfigJson.Read(Llama[..^1] + ""","use_sliding_window":false,"sliding_window":8}""", "f");

    [Theory]
    [InlineData("""  "rope_parameters":{"rope_type":"default","rope_theta":500000.0}  """)]
    [InlineData("""  "rope_parameters":{"rope_type":"default"},"rope_theta":500000  """)]
    [InlineData("""  "rope_scaling":{"rope_type":"default","rope_theta":500000}  """)]
    [InlineData("""  "rope_theta":500000,"rope_scaling":null  """)]
    public void The_base_of_rotary_positions_is_read_wherever_transformers_writes_it(string fields)
        => Assert.Equal(500_000, GptConfigJson.Read(Llama[..^1] + $",{fields}}}", "config.json").RopeTheta);

    [Theory]
    [InlineData("[1,2]")]
    [InlineData("2")]
    public void The_tokens_that_end_a_text_are_kept(string ids)
    {
        var config = GptConfigJson.Read(Llama[..^1] + $",\"bos_token_id\":1,\"eos_token_id\":{ids}}}", "config.json");
        Assert.Equal(ids, GptConfigJson.Describe(config)["eos_token_id"]!.ToJsonString());
    }

    [Theory]
    [InlineData("vocab_size")]
    [InlineData("hidden_size")]
    [InlineData("num_hidden_layers")]
    [InlineData("num_attention_heads")]
    [InlineData("max_position_embeddings")]
    [InlineData("intermediate_size")]
    public void A_missing_field_is_named(string field) => AssertRefused(Llama.Replace($"\"{field}\"", "\"other\"", StringComparison.Ordinal), field);

    [Fact]
    public void Sizes_whose_product_overflows_64_bits_are_refused()
        => AssertRefused(
            """{"model_type":"llama","vocab_size":1,"max_position_embeddings":20,"num_hidden_layers":1,"num_attention_heads":2147483647,"head_dim":2147483646,"hidden_size":2147483647,"intermediate_size":16}""",
            "more than any machine holds");

    [Theory]
    [InlineData("vocab_size", "16777216", "field vocab_size: a matrix of")]
    [InlineData("head_dim", "2097152", "field head_dim: a matrix of")]
    [InlineData("intermediate_size", "8388608", "field intermediate_size: a matrix of")]
    public void A_matrix_of_more_elements_than_an_array_is_refused(string field, string value, string names)
    {
        const string Config =
            """{"model_type":"llama","vocab_size":8,"max_position_embeddings":8,"num_hidden_layers":1,"num_attention_heads":4,"head_dim":2,"hidden_size":128,"intermediate_size":8""";
        AssertRefused(Config + $",\"{field}\":{value}}}", names);
    }

    [Theory]
    [InlineData("vocab_size", "1000000000")]
    [InlineData("num_hidden_layers", "2000000000")]
    public void Sizes_that_the_weights_do_not_back_are_refused_without_allocating_them(string field, string value)
    {
        using var model = new Gpt(TinyModels.Config("llama"));
        GptFolder.Save(model, _folder);
        var path = Path.Combine(_folder, "config.json");
        var text = File.ReadAllText(path);
        var at = text.IndexOf($"\"{field}\":", StringComparison.Ordinal);
        File.WriteAllText(path, text[..at] + $"\"{field}\": {value}" + text[text.IndexOf(',', at)..]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => GptFolder.Load(_folder));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    [Fact]
    public void A_folder_without_a_config_is_named()
    {
        var error = Assert.Throws<FileNotFoundException>(() => GptFolder.Load(_folder));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_published_Hugging_Face_folder_loads_and_generates()
    {
        var folder = Path.Combine(Goldens.RepositoryRoot, "..", "shared", "models", "tiny-random-gpt2");
        folder = Directory.Exists(folder) ? folder : "/work/shared/models/tiny-random-gpt2";
        Assert.SkipUnless(Directory.Exists(folder), "There is no ../shared/models/tiny-random-gpt2.");
        using var model = LanguageModel.Load(folder);
        var pieces = model.GenerateAsync("Hello", new GenerationOptions { MaxTokens = 20 }, TestContext.Current.CancellationToken);
        Assert.NotEmpty(string.Concat(pieces.ToBlockingEnumerable(TestContext.Current.CancellationToken)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void AssertRefused(string text, string names)
    {
        var error = Assert.Throws<InvalidDataException>(() => GptConfigJson.Read(text, "folder/config.json"));
        Assert.StartsWith("folder/config.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(names, error.Message, StringComparison.Ordinal);
    }
}

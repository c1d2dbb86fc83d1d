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
    [InlineData("rope_scaling", "{\"type\":\"linear\"}", "rope_scaling")]
    [InlineData("rope_parameters", "7", "rope_parameters")]
    [InlineData("rope_parameters", "{\"rope_theta\":\"x\"}", "field rope_parameters: field rope_theta")]
    [InlineData("rope_parameters", "{\"rope_type\":\"llama3\",\"rope_theta\":500000.0}", "field rope_parameters: field rope_type: \"llama3\"")]
    [InlineData("eos_token_id", "[1,\"2\"]", "eos_token_id")]
    [InlineData("attention_bias", "true", "attention_bias")]
    [InlineData("tie_word_embeddings", "1", "tie_word_embeddings")]
    public void A_field_with_a_bad_value_is_refused_by_name(string field, string value, string names)
        => AssertRefused(Llama[..^1] + $",\"{field}\":{value}}}", names);

    [Fact]
    public void The_base_of_rotary_positions_is_read_where_transformers_5_writes_it()
        => Assert.Equal(500_000, GptConfigJson.Read(Llama[..^1] + ""","rope_parameters":{"rope_type":"default","rope_theta":500000.0}}""", "config.json").RopeTheta);

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
    [InlineData("max_position_embeddings", "2000000000")]
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

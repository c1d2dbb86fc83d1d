using System.Text.Json.Serialization;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>An architecture of a user's own is saved and loaded like those of the library.</summary>
public sealed class ModelFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ModelFormatTests()
        => ModelFormat.Register(new ModelFormat<OwnConfig>("own_for_tests", ModelFormatTestsJson.Default.OwnConfig, config => new OwnModel(config)));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_saved_is_loaded_by_its_model_type()
    {
        var config = new OwnConfig { VocabularySize = 5, ContextLength = 7, Scale = 0.1f };
        using var model = new OwnModel(config);
        TinyModels.Roughen(model.Parameters);
        ModelFolder.Save(model, _folder.Path);
        using var loaded = Assert.IsType<OwnModel>(ModelFolder.LoadModel(_folder.Path));
        Assert.Equal(config, loaded.Config);
        Assert.All(model.Parameters.All, parameter => Assert.Equal(parameter.Values.ToArray(), loaded.Parameters[parameter.Name].Values.ToArray()));
    }

    [Fact]
    public void One_that_writes_no_text_is_no_language_model()
    {
        using var model = new OwnModel(new OwnConfig { VocabularySize = 5, ContextLength = 7 });
        ModelFolder.Save(model, _folder.Path);
        Assert.Contains("continues no text", Assert.Throws<InvalidDataException>(() => ModelFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_whose_states_cannot_be_read_is_not_called_an_n_gram_model()
    {
        using var model = new OwnModel(new OwnConfig { VocabularySize = 5, ContextLength = 7 });
        var refused = Assert.Throws<ArgumentException>(() => new Classifier(model, ["a", "b"])).Message;
        Assert.Contains("a GPT, a BERT or a recurrent network", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("n-gram", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void The_config_names_the_type_first_and_leaves_out_what_is_computed()
    {
        using var model = new OwnModel(new OwnConfig { VocabularySize = 5, ContextLength = 7, Scale = 0.1f });
        ModelFolder.Save(model, _folder.Path);
        var text = File.ReadAllText(_folder["config.json"]);
        Assert.StartsWith("{\n  \"model_type\": \"own_for_tests\",", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("\"scale\": 0.1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("parameter_count", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"vocabulary_size\": 5", "\"vocabulary_size\": \"five\"", "vocabulary_size")]
    [InlineData("\"vocabulary_size\": 5", "\"vocabulary_size\": 999999", "parameters, but the weights hold only")]
    [InlineData("\"vocabulary_size\": 5", "\"vocabulary_size\": 4", "has shape [5, 4], expected [4, 4]")]
    [InlineData("\"vocabulary_size\": 5", "\"vocabulary_size\": -1", "must be positive")]
    [InlineData("own_for_tests", "unheard_of", "\"unheard_of\" is not supported; gpt2, llama and qwen3 are, and own_for_tests")]
    public void A_damaged_config_says_what_is_wrong(string right, string wrong, string message)
    {
        using var model = new OwnModel(new OwnConfig { VocabularySize = 5, ContextLength = 7 });
        ModelFolder.Save(model, _folder.Path);
        File.WriteAllText(_folder["config.json"], File.ReadAllText(_folder["config.json"]).Replace(right, wrong, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => ModelFolder.LoadModel(_folder.Path)).Message;
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_of_the_librarys_own_is_not_given_away()
        => Assert.Throws<ArgumentException>(() => ModelFormat.Register(
            new ModelFormat<OwnConfig>("llama", ModelFormatTestsJson.Default.OwnConfig, config => new OwnModel(config))));

    [Fact]
    public void One_config_type_has_one_format()
        => Assert.Throws<ArgumentException>(() => ModelFormat.Register(
            new ModelFormat<OwnConfig>("own_again", ModelFormatTestsJson.Default.OwnConfig, config => new OwnModel(config))));

    internal sealed record OwnConfig : IModelConfig
    {
        public required int VocabularySize { get; init; }

        public required int ContextLength { get; init; }

        public float Scale { get; init; } = 1;

        public long ParameterCount => 4L * (VocabularySize + ContextLength);

        public double TrainingFlopsPerToken => 0;
    }

    /// <summary>A model that the library does not know; inside it is one that it does.</summary>
    private sealed class OwnModel(OwnConfig config) : IModel
    {
        private readonly Gpt _inside = new(GptConfig.Gpt2(config.VocabularySize, config.ContextLength, layerCount: 1, headCount: 1, width: 4), seed: 3);

        public IModelConfig Config => config;

        public ParameterSet Parameters => _inside.Parameters;

        public void Dispose() => _inside.Dispose();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelFormatTests.OwnConfig))]
internal sealed partial class ModelFormatTestsJson : JsonSerializerContext;

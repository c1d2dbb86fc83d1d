using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>A GPT as the config.json, model.safetensors and generation_config.json of a Hugging Face model folder.</summary>
public static class GptFolder
{
    /// <summary>The <c>model_type</c> of a shape: gpt2, llama or qwen3.</summary>
    /// <param name="config">The shape.</param>
    /// <exception cref="ArgumentException">No published model type has this combination.</exception>
    public static string ModelType(GptConfig config) => GptConfigJson.ModelType(config);

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static GptConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static GptConfig LoadConfig(ConfigFile file) => GptConfigJson.Check(file.Fields, Parse(file));

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static Gpt Load(string folder) => Load(ConfigFile.Open(folder));

    internal static Gpt Load(ConfigFile file)
    {
        var config = Parse(file);
        return ModelWeights.Read(
            file, () => GptConfigJson.Check(file.Fields, config).ParameterCount, () => Gpt.CreateEmpty(config), GptWeights.Published, GptWeights.Claims(config),
            config.TiedEmbedding ? null : (GptWeights.Head, $"the output layer has weights of its own unless {ConfigFile.Name} says tie_word_embeddings: true"));
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Gpt model, string folder)
    {
        ModelWeights.Write(folder, GptConfigJson.Describe(model.Config), GptWeights.Published(model));
        AtomicFile.Write(Path.Combine(folder, GptConfigJson.GenerationName), GptConfigJson.WriteGeneration(model.Config));
    }

    private static GptConfig Parse(ConfigFile file) => GptConfigJson.WithEnds(GptConfigJson.Parse(file.Fields), file.Folder);
}

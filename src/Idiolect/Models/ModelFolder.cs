namespace Idiolect.Models;

/// <summary>A model folder of any kind: config.json says in <c>model_type</c> which model it holds.</summary>
public static class ModelFolder
{
    internal const string ConfigName = "config.json";

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static IModelConfig LoadConfig(string folder) => GptFolder.LoadConfig(folder);

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static ILanguageModel Load(string folder) => GptFolder.Load(folder);

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    /// <exception cref="ArgumentException">No file format holds a model of this kind.</exception>
    public static void Save(ILanguageModel model, string folder)
    {
        RequireSavable(model.Config);
        GptFolder.Save((Gpt)model, folder);
    }

    /// <summary>Refuses a model that could not be saved, before hours of training.</summary>
    /// <exception cref="ArgumentException">No file format holds a model of this shape.</exception>
    internal static void RequireSavable(IModelConfig config)
    {
        switch (config)
        {
            case GptConfig gpt:
                GptConfigJson.ModelType(gpt);
                break;
            default:
                throw new ArgumentException($"A model with a {config.GetType().Name} has no file format.", nameof(config));
        }
    }
}

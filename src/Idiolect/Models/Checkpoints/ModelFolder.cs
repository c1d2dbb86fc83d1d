using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>
/// A model folder of any kind: config.json says in <c>model_type</c> which model it holds. It stands above the folders of the single kinds
/// and the formats that were registered (<see cref="ModelFormat.Register"/>), and reads config.json once.
/// </summary>
public static class ModelFolder
{
    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static IModelConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    /// <summary>Reads a model of any kind.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static IModel LoadModel(string folder) => LoadModel(ConfigFile.Open(folder));

    /// <summary>Reads a model that predicts the next token.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, a tensor is missing or has another shape than the config says, or the model fills gaps.</exception>
    public static ILanguageModel Load(string folder) => Load(ConfigFile.Open(folder));

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    /// <exception cref="ArgumentException">No file format holds a model of this kind; <see cref="ModelFormat.Register"/> adds one.</exception>
    public static void Save(IModel model, string folder)
    {
        switch (model)
        {
            case Gpt gpt:
                GptFolder.Save(gpt, folder);
                break;
            case Recurrent recurrent:
                RecurrentFolder.Save(recurrent, folder);
                break;
            case Bert bert:
                BertFolder.Save(bert, folder);
                break;
            case NGram ngram:
                NGramFolder.Save(ngram, folder);
                break;
            default:
                Registered(model).Save(model, folder);
                break;
        }
    }

    internal static IModelConfig LoadConfig(ConfigFile file) => ModelType(file) switch
    {
        NGramFolder.ModelType => NGramFolder.LoadConfig(file),
        BertFolder.ModelType => BertFolder.LoadConfig(file),
        var type when RecurrentFolder.ModelTypes.Contains(type) => RecurrentFolder.LoadConfig(file),
        var type => ModelFormat.Find(type)?.LoadConfig(file) ?? GptFolder.LoadConfig(file),
    };

    internal static IModel LoadModel(ConfigFile file) => ModelType(file) switch
    {
        NGramFolder.ModelType => NGramFolder.Load(file),
        BertFolder.ModelType => BertFolder.Load(file),
        var type when RecurrentFolder.ModelTypes.Contains(type) => RecurrentFolder.Load(file),
        var type => ModelFormat.Find(type)?.Load(file) ?? GptFolder.Load(file),
    };

    internal static ILanguageModel Load(ConfigFile file)
    {
        if (file.ModelType is EncoderDecoderFolder.ModelType or RecurrentSequenceToSequenceFolder.ModelType)
        {
            throw new InvalidDataException($"{file.Folder} holds an encoder-decoder, which continues no text: use Translator.");
        }
        if (file.ModelType == BertFolder.ModelType)
        {
            throw new InvalidDataException($"{file.Folder} holds a BERT, which fills gaps and continues no text: use MaskedLanguageModel or TextEmbedder.");
        }
        return Ownership.HandOver(LoadModel(file), model => model as ILanguageModel
            ?? throw new InvalidDataException($"{file.Folder} holds a {model.GetType().Name}, which continues no text."));
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
            case BertConfig or RecurrentConfig or NGramConfig:
                break;
            default:
                _ = ModelFormat.For(config) ?? throw NoFormat(config.GetType().Name);
                break;
        }
    }

    /// <summary>What <see cref="Save"/> writes of a network: the fields of config.json, and the weights.</summary>
    /// <exception cref="ArgumentException">The model is no network, or no format holds it.</exception>
    internal static (JsonObject Config, IEnumerable<PublishedTensor> Tensors) Describe(IModel model) => model switch
    {
        Gpt gpt => (GptConfigJson.Describe(gpt.Config), GptWeights.Published(gpt)),
        Bert bert => (BertFolder.Describe(bert.Config), BertFolder.Published(bert)),
        Recurrent recurrent => (RecurrentFolder.Describe(recurrent.Config), PublishedTensor.Own(recurrent.Parameters)),
        NGram => throw new ArgumentException("An NGram is no network.", nameof(model)),
        _ => Registered(model).Describe(model),
    };

    /// <summary>The weights of a network under their published names; null where no format holds it.</summary>
    internal static IEnumerable<PublishedTensor>? TensorsOf(IModel model)
        => model is Gpt or Bert or Recurrent || ModelFormat.For(model.Config) is not null ? Describe(model).Tensors : null;

    private static ModelFormat Registered(IModel model) => ModelFormat.For(model.Config) ?? throw NoFormat(model.GetType().Name);

    private static ArgumentException NoFormat(string what)
        => new($"A {what} has no file format: add one with {nameof(ModelFormat)}.{nameof(ModelFormat.Register)}.");

    private static string ModelType(ConfigFile file)
        => file.ModelType is var type && type is EncoderDecoderFolder.ModelType or RecurrentSequenceToSequenceFolder.ModelType
            ? throw new InvalidDataException($"{file.Folder} holds an encoder-decoder, which does nothing but translate: use Translator.")
            : type;
}

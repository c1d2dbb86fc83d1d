using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>A model folder of any kind: config.json says in <c>model_type</c> which model it holds.</summary>
public static class ModelFolder
{
    internal const string ConfigName = "config.json";

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static IModelConfig LoadConfig(string folder)
        => ModelType(folder) switch
        {
            NGramFolder.ModelType => NGramFolder.LoadConfig(folder),
            BertFolder.ModelType => BertFolder.LoadConfig(folder),
            var type when RecurrentFolder.ModelTypes.Contains(type) => RecurrentFolder.LoadConfig(folder),
            _ => GptFolder.LoadConfig(folder),
        };

    /// <summary>Reads a model of any kind.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static IModel LoadModel(string folder)
        => ModelType(folder) switch
        {
            NGramFolder.ModelType => NGramFolder.Load(folder),
            BertFolder.ModelType => BertFolder.Load(folder),
            var type when RecurrentFolder.ModelTypes.Contains(type) => RecurrentFolder.Load(folder),
            _ => GptFolder.Load(folder),
        };

    /// <summary>Reads a model that predicts the next token.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, a tensor is missing or has another shape than the config says, or the model fills gaps.</exception>
    public static ILanguageModel Load(string folder)
        => ModelType(folder) == BertFolder.ModelType
            ? throw new InvalidDataException($"{folder} holds a BERT, which fills gaps and continues no text: let it `fill` or `embed`.")
            : (ILanguageModel)LoadModel(folder);

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    /// <exception cref="ArgumentException">No file format holds a model of this kind.</exception>
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
                throw new ArgumentException($"A {model.GetType().Name} has no file format.", nameof(model));
        }
    }

    /// <summary>Refuses a model that could not be saved, before hours of training.</summary>
    /// <exception cref="ArgumentException">No file format holds a model of this shape.</exception>
    internal static void RequireSavable(IModelConfig config)
    {
        if (config is GptConfig gpt)
        {
            GptConfigJson.ModelType(gpt);
        }
    }

    /// <summary>The fields of a folder's config.json.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    internal static JsonFields ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigName);
        return File.Exists(path)
            ? new JsonFields(File.ReadAllText(path), path)
            : throw new FileNotFoundException($"{folder} is not a model folder: it has no {ConfigName}.", path);
    }

    /// <summary>A model that is filled from a folder's weights, once these have shown to hold as many numbers as its shape needs.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="parameterCount">The numbers of the shape.</param>
    /// <param name="createEmpty">Makes the model with weights of zero.</param>
    /// <param name="tensors">Its tensors in the file.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape.</exception>
    internal static T Read<T>(string folder, long parameterCount, Func<T> createEmpty, Func<T, IEnumerable<PublishedTensor>> tensors)
        where T : IDisposable
    {
        using var weights = SafetensorsFolder.Open(folder);
        RequireHeld(parameterCount, weights, folder);
        return HandOver(createEmpty(), model =>
        {
            PublishedTensor.ReadAll(tensors(model), weights, folder);
            return model;
        });
    }

    /// <summary>Makes something of a model that nobody else holds yet; if that fails, the model's memory is given back.</summary>
    internal static TResult HandOver<TModel, TResult>(TModel model, Func<TModel, TResult> make)
        where TModel : IDisposable
    {
        try
        {
            return make(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What <see cref="Save"/> writes of a network: the fields of config.json, and the weights.</summary>
    /// <exception cref="ArgumentException">The model is no network.</exception>
    internal static (JsonObject Config, IEnumerable<PublishedTensor> Tensors) Describe(IModel model) => model switch
    {
        Gpt gpt => (GptConfigJson.Describe(gpt.Config), GptWeights.Published(gpt)),
        Bert bert => (BertFolder.Describe(bert.Config), BertFolder.Published(bert)),
        Recurrent recurrent => (RecurrentFolder.Describe(recurrent.Config), PublishedTensor.Own(recurrent.Parameters)),
        _ => throw new ArgumentException($"A {model.GetType().Name} is no network.", nameof(model)),
    };

    /// <summary>Writes config.json and model.safetensors, each atomically.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="config">The fields of config.json.</param>
    /// <param name="tensors">The weights.</param>
    internal static void Write(string folder, JsonObject config, IEnumerable<PublishedTensor> tensors)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, ConfigName), ConfigText.Indented(config));
        PublishedTensor.WriteAll(tensors, folder);
    }

    /// <summary>
    /// The config's sizes are claims: a model is built only after the file has shown as many numbers, so that a hostile config cannot
    /// make us allocate more than the weights that lie there.
    /// </summary>
    private static void RequireHeld(long parameterCount, SafetensorsFolder weights, string folder)
    {
        var held = weights.Tensors.Values.Sum(info => info.ElementCount);
        if (parameterCount > held)
        {
            throw new InvalidDataException(
                $"{folder}: {ConfigName} describes {parameterCount:N0} parameters, but the weights hold only {held:N0} numbers.");
        }
    }

    private static string ModelType(string folder)
        => ReadConfig(folder).Text("model_type") is var type && type is EncoderDecoderFolder.ModelType or RecurrentSequenceToSequenceFolder.ModelType
            ? throw new InvalidDataException($"{folder} holds an encoder-decoder, which does nothing but `translate`.")
            : type;
}

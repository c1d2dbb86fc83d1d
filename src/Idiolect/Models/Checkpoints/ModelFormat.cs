using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>
/// How models of one kind lie in a model folder: which <c>model_type</c> config.json names, and what is read and written there. The kinds
/// of this library know their own folders; <see cref="Register"/> adds an architecture of one's own, which then is saved, resumed and
/// loaded like them. <see cref="ModelFormat{TConfig}"/> is such a format.
/// </summary>
/// <example><code>
/// ModelFormat.Register(new ModelFormat&lt;MyConfig&gt;("my_model", MyJson.Default.MyConfig, config => new MyModel(config)));
/// </code></example>
public abstract class ModelFormat
{
    private static readonly ConcurrentDictionary<string, ModelFormat> Registered = new(StringComparer.Ordinal);

    private protected ModelFormat(string modelType)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelType);
        ModelType = modelType;
    }

    /// <summary>What config.json calls models of this kind.</summary>
    public string ModelType { get; }

    /// <summary>Adds a format for this process; a later one of the same <see cref="ModelType"/> takes its place.</summary>
    /// <param name="format">The format.</param>
    /// <exception cref="ArgumentException">The model type is one that this library reads itself, or the config's type has another format.</exception>
    public static void Register(ModelFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        if (OwnTypes.Contains(format.ModelType))
        {
            throw new ArgumentException($"The model type \"{format.ModelType}\" is one of this library's own; choose another name.", nameof(format));
        }
        if (Registered.Values.FirstOrDefault(other => other.ConfigType == format.ConfigType && other.ModelType != format.ModelType) is { } twin)
        {
            throw new ArgumentException($"Models of a {format.ConfigType.Name} are \"{twin.ModelType}\" already: each format has a type of its own.", nameof(format));
        }
        Registered[format.ModelType] = format;
    }

    /// <summary>The format of a model type that was registered; null for any other.</summary>
    internal static ModelFormat? Find(string modelType) => Registered.GetValueOrDefault(modelType);

    /// <summary>The registered format that holds models of a shape; null where there is none.</summary>
    internal static ModelFormat? For(IModelConfig config) => Registered.Values.FirstOrDefault(format => format.ConfigType == config.GetType());

    /// <summary>The model types that were registered, in the order of the alphabet.</summary>
    internal static IEnumerable<string> RegisteredTypes => Registered.Keys.Order(StringComparer.Ordinal);

    /// <summary>The model types that the folders of this library have.</summary>
    internal static readonly string[] OwnTypes =
        ["gpt2", "llama", "qwen3", "bert", "rnn", "lstm", "gru", "ngram", "idiolect-encoder-decoder", "idiolect-lstm-encoder-decoder"];

    /// <summary>The type of the shapes, which says which models the format holds.</summary>
    internal abstract Type ConfigType { get; }

    internal abstract IModelConfig LoadConfig(ConfigFile file);

    internal abstract IModel Load(ConfigFile file);

    internal abstract void Save(IModel model, string folder);

    /// <summary>The fields of config.json, and the weights.</summary>
    internal abstract (JsonObject Config, IEnumerable<PublishedTensor> Tensors) Describe(IModel model);
}

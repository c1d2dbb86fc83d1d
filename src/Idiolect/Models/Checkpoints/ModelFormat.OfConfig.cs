using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Idiolect.Models;

/// <summary>
/// The format of an architecture of one's own: config.json holds the <c>model_type</c> and the fields of the shape, model.safetensors the
/// parameters under their own names, all in fp32.
/// </summary>
/// <typeparam name="TConfig">The shape, such as a record of sizes. Its type says which models the format holds.</typeparam>
public sealed class ModelFormat<TConfig> : ModelFormat
    where TConfig : class, IModelConfig
{
    private const string ModelTypeField = "model_type";

    private readonly JsonTypeInfo<TConfig> _json;
    private readonly Func<TConfig, IModel> _create;

    /// <summary>Describes a kind of model.</summary>
    /// <param name="modelType">What config.json calls it, such as <c>gated_convolution</c>.</param>
    /// <param name="json">How the shape is read and written, from a source-generated <c>JsonSerializerContext</c>.</param>
    /// <param name="create">
    /// Makes a model of a shape with any weights, such as its first ones; loading overwrites each. A shape that makes no sense throws an
    /// <see cref="ArgumentException"/>.
    /// </param>
    public ModelFormat(string modelType, JsonTypeInfo<TConfig> json, Func<TConfig, IModel> create)
        : base(modelType)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(create);
        (_json, _create) = (json, create);
    }

    internal override Type ConfigType => typeof(TConfig);

    internal override IModelConfig LoadConfig(ConfigFile file) => ReadConfig(file);

    internal override IModel Load(ConfigFile file)
    {
        var config = ReadConfig(file);
        return ModelWeights.Read(
            file, () => config.ParameterCount, () => Create(config, file), model => PublishedTensor.Own(model.Parameters), claims: []);
    }

    internal override void Save(IModel model, string folder)
    {
        var (config, tensors) = Describe(model);
        ModelWeights.Write(folder, config, tensors);
    }

    internal override (JsonObject Config, IEnumerable<PublishedTensor> Tensors) Describe(IModel model)
    {
        var fields = (JsonObject)JsonSerializer.SerializeToNode((TConfig)model.Config, _json)!;
        foreach (var property in _json.Properties.Where(IsComputed))
        {
            fields.Remove(property.Name); // such as the parameter count, which follows from the rest
        }
        fields.Remove(ModelTypeField);
        fields.Insert(0, ModelTypeField, ModelType);
        return (fields, PublishedTensor.Own(model.Parameters));
    }

    // A property that neither a setter nor the constructor fills.
    private static bool IsComputed(JsonPropertyInfo property) => property is { Set: null, AssociatedParameter: null };

    private TConfig ReadConfig(ConfigFile file)
    {
        file.RequireModelType(ModelType);
        var fields = file.Fields.ToJsonObject();
        fields.Remove(ModelTypeField);
        try
        {
            return fields.Deserialize(_json)!;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{Describe(file)}: {exception.Message}", exception);
        }
        catch (ArgumentException exception) // of a constructor that checks its sizes
        {
            throw new InvalidDataException($"{Describe(file)}: {exception.Message}", exception);
        }
    }

    private IModel Create(TConfig config, ConfigFile file)
    {
        try
        {
            return _create(config);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{Describe(file)}: {exception.Message}", exception);
        }
    }

    private static string Describe(ConfigFile file) => Path.Combine(file.Folder, ConfigFile.Name);
}

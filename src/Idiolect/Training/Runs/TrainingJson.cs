using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Idiolect.Formats;

namespace Idiolect.Training;

/// <summary>The JSON files of a run that are written whole: snake_case, indented for people.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n",
    MaxDepth = 16)]
[JsonSerializable(typeof(TrainingState))]
[JsonSerializable(typeof(TrainingOptions))]
[JsonSerializable(typeof(BestCheckpoint))]
internal sealed partial class TrainingJson : JsonSerializerContext
{
    /// <summary>Writes a file atomically.</summary>
    internal static void Write<T>(string path, T value, JsonTypeInfo<T> type)
        => AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">Its content is not that of a <typeparamref name="T"/>.</exception>
    internal static T Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        }
        FileKind.RequireRegular(path);
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type) ?? throw new JsonException("it says null");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{path}' is damaged or of another version: {exception.Message}", exception);
        }
    }
}

/// <summary>The lines of metrics.jsonl: camelCase, one object a line. A loss that is not finite is written as a string.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    MaxDepth = 4)]
[JsonSerializable(typeof(TrainingProgress))]
internal sealed partial class MetricsJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>Reads a JSON file whole.</summary>
internal static class JsonFile
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged; the message names it and the place.</exception>
    internal static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist: name a tokenizer's file or folder.", path);
        }
        FileKind.RequireRegular(path);
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type)
                ?? throw new InvalidDataException($"{path}: expected a JSON object, found null.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path}: {JsonProblem.Of(exception)}", exception);
        }
    }
}

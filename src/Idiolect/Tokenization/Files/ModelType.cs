using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>The kind of model that a <c>tokenizer.json</c> describes, found without reading its vocabulary.</summary>
internal static class ModelType
{
    /// <summary>model.type; null where there is none, or the file is no JSON before it.</summary>
    internal static string? Of(string path)
    {
        FileKind.RequireRegular(path);
        var json = File.ReadAllBytes(path).AsSpan();
        var reader = new Utf8JsonReader(json.StartsWith("\ufeff"u8) ? json[3..] : json);
        try
        {
            return Find(ref reader, "model"u8) && reader.TokenType == JsonTokenType.StartObject && FindInside(ref reader, "type"u8)
                && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool Find(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
        => reader.Read() && reader.TokenType == JsonTokenType.StartObject && FindInside(ref reader, name);

    // Goes to the value of a member of the object that has just begun.
    private static bool FindInside(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
            {
                return true;
            }
            reader.Skip();
        }
        return false;
    }
}

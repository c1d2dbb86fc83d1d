using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Tokenization;

/// <summary>
/// Merges as "a b", which every version of the tokenizers library reads; those from 0.20 on write ["a", "b"].
/// </summary>
internal sealed class MergeListConverter : JsonConverter<List<(string Left, string Right)>>
{
    public override List<(string Left, string Right)> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Expect(reader, JsonTokenType.StartArray, 0);
        var merges = new List<(string, string)>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            merges.Add(reader.TokenType == JsonTokenType.String
                ? Split(reader.GetString()!, merges.Count)
                : ReadPair(ref reader, merges.Count));
        }
        return merges;
    }

    public override void Write(Utf8JsonWriter writer, List<(string Left, string Right)> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var (left, right) in value)
        {
            writer.WriteStringValue($"{left} {right}");
        }
        writer.WriteEndArray();
    }

    /// <summary>Reads "a b".</summary>
    internal static (string Left, string Right) Split(string merge, int index)
        => merge.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw Unexpected(index);

    private static (string Left, string Right) ReadPair(ref Utf8JsonReader reader, int index)
    {
        Expect(reader, JsonTokenType.StartArray, index);
        reader.Read();
        Expect(reader, JsonTokenType.String, index);
        var left = reader.GetString()!;
        reader.Read();
        Expect(reader, JsonTokenType.String, index);
        var right = reader.GetString()!;
        reader.Read();
        Expect(reader, JsonTokenType.EndArray, index);
        return (left, right);
    }

    private static void Expect(in Utf8JsonReader reader, JsonTokenType type, int index)
    {
        if (reader.TokenType != type)
        {
            throw Unexpected(index);
        }
    }

    private static JsonException Unexpected(int index)
        => new($"model.merges[{index}]: expected two tokens, as \"a b\" or [\"a\", \"b\"].");
}

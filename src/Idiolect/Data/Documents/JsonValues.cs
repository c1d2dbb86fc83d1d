using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Data;

/// <summary>Reads JSON that is an array of objects or texts, or objects one behind the other, a value at a time.</summary>
internal static class JsonValues
{
    private const int MostDepth = 64; // of a value, as System.Text.Json has it

    /// <param name="utf8">The bytes, in UTF-8 without a mark; the caller closes them.</param>
    /// <param name="name">Where they come from.</param>
    /// <param name="field">The property that holds the text.</param>
    /// <exception cref="InvalidDataException">It is no JSON, or a value has no text.</exception>
    internal static IEnumerable<TextPart> Read(Stream utf8, string name, string field)
    {
        var head = new HeadStream(utf8);
        var since = new SinceLastValue(head, name);
        var isArray = head.Head.TrimStart(" \t\r\n"u8).StartsWith("["u8);
        var number = 0;
        using var values = JsonSerializer.DeserializeAsyncEnumerable(since, JsonValueContext.Default.JsonElement, topLevelValues: !isArray)
            .ToBlockingEnumerable().GetEnumerator();
        while (MoveNext())
        {
            number++;
            since.Reset();
            if (Text(values.Current, $"{name}, value {number}", field) is { Length: > 0 } text)
            {
                yield return new TextPart($"{name}:{number}", text);
            }
        }

        bool MoveNext()
        {
            try
            {
                return values.MoveNext();
            }
            catch (JsonException exception)
            {
                // The reader is ahead of the values that it has given.
                throw new InvalidDataException(
                    $"{name}, line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}: no valid JSON, or nested more than {MostDepth} deep: "
                    + "give an array, or one object a line.", exception);
            }
        }
    }

    private static string? Text(JsonElement value, string where, string field)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                return value.GetString();
            }
            if (value.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{where}: expected an object with a field \"{field}\", or a text; found {Describe(value.ValueKind)}.");
            }
            foreach (var property in value.EnumerateObject())
            {
                if (property.NameEquals(field))
                {
                    return property.Value.ValueKind == JsonValueKind.String
                        ? property.Value.GetString()
                        : throw new InvalidDataException($"{where}: field \"{field}\" must be a string, found {Describe(property.Value.ValueKind)}.");
                }
            }
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException($"{where}: field \"{field}\" holds a broken \\u escape, or is not valid UTF-8.", exception);
        }
        throw new InvalidDataException($"{where}: there is no field \"{field}\": name the field that holds the text.");
    }

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };

    /// <summary>Limits what is read, and so held in memory, without a value in it.</summary>
    private sealed class SinceLastValue(Stream inner, string name) : ReadOnlyStream(inner)
    {
        private long _count;

        internal void Reset() => _count = 0;

        public override int Read(Span<byte> buffer)
        {
            var count = Inner.Read(buffer);
            _count += count;
            // The reader fills its buffer, which is up to twice the value, before it looks.
            return _count <= 2L * JsonLines.LongestLine ? count
                : throw new InvalidDataException($"{name} has a value of more than {JsonLines.LongestLine >> 20} MiB, which is read at once: split it.");
        }
    }
}

/// <summary>JSON without reflection.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class JsonValueContext : JsonSerializerContext;

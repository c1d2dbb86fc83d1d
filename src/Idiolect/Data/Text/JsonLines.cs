using System.Text;
using System.Text.Json;

namespace Idiolect.Data;

/// <summary>Reads JSON Lines: one object a line, of which one string property is the text of a document.</summary>
internal static class JsonLines
{
    /// <summary>Adds a document for each line; empty lines and empty texts are passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="field">The property that holds the text.</param>
    /// <param name="documents">Receives the documents.</param>
    /// <param name="what">What it holds, in words.</param>
    /// <param name="numbers">Whether numbers, true and false are texts too, as they are written.</param>
    internal static void Read(string file, string field, List<Document> documents, string what = "text", bool numbers = false)
    {
        var rest = Utf8Text.ReadBytes(file);
        for (var line = 1; !rest.IsEmpty; line++)
        {
            var end = rest.IndexOf((byte)'\n');
            var current = (end < 0 ? rest : rest[..end]).Trim(" \t\r"u8);
            rest = end < 0 ? default : rest[(end + 1)..];
            if (!current.IsEmpty && Text(current, file, line, field, what, numbers) is { Length: > 0 } text)
            {
                documents.Add(new Document($"{file}:{line}", text));
            }
        }
    }

    private static string Text(ReadOnlySpan<byte> json, string file, int line, string field, string what, bool numbers)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new InvalidDataException(
                    $"{file}, line {line}: expected a JSON object with a field \"{field}\", found {Describe(reader.TokenType)}.");
            }
            string? text = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var wanted = text is null && reader.ValueTextEquals(field);
                reader.Read();
                if (!wanted)
                {
                    reader.Skip();
                    continue;
                }
                text = reader.TokenType == JsonTokenType.String
                    ? reader.GetString()
                    : numbers && reader.TokenType is (JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False)
                    ? Encoding.UTF8.GetString(reader.ValueSpan)
                    : throw new InvalidDataException(
                        $"{file}, line {line}: field \"{field}\" must be a string, found {Describe(reader.TokenType)}.");
            }
            while (reader.Read())
            {
                // Reads to the end, so that anything after the object is an error.
            }
            return text ?? throw new InvalidDataException(
                $"{file}, line {line}: there is no field \"{field}\": name the field that holds the {what}.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"{file}, line {line}: not one whole JSON object (byte {exception.BytePositionInLine} of the line): write one object a line.", exception);
        }
        catch (InvalidOperationException exception)
        {
            // GetString refuses half a surrogate pair written as an escape.
            throw new InvalidDataException($"{file}, line {line}: field \"{field}\" holds a broken \\u escape: {exception.Message}", exception);
        }
    }

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "a boolean",
        _ => "null",
    };
}

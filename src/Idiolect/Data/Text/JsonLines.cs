using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>Reads JSON Lines: one object a line, of which one string property is the text of a document.</summary>
internal static class JsonLines
{
    /// <summary>In bytes; the text of one takes several times as much memory.</summary>
    internal const int LongestLine = 16 << 20;

    private const int FirstBuffer = 1 << 16;

    /// <summary>Adds a document for each line of a file; empty lines and empty texts are passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="field">The property that holds the text.</param>
    /// <param name="documents">Receives the documents.</param>
    /// <param name="what">What it holds, in words.</param>
    /// <param name="numbers">Whether numbers, true and false are texts too, as they are written.</param>
    internal static void Read(string file, string field, List<Document> documents, string what = "text", bool numbers = false)
    {
        FileKind.RequireRegular(file);
        using var stream = TextEncoding.ToUtf8(File.OpenRead(file), file, encoding: null, out var markLength);
        documents.AddRange(Read(stream, file, field, what, numbers, markLength).Select(part => part.ToDocument()));
    }

    /// <summary>A document for each line; empty lines and empty texts are passed over.</summary>
    /// <param name="utf8">The bytes, in UTF-8 without a mark; the caller closes them.</param>
    /// <param name="name">Where they come from.</param>
    /// <param name="field">The property that holds the text.</param>
    /// <param name="what">What it holds, in words.</param>
    /// <param name="numbers">Whether numbers, true and false are texts too, as they are written.</param>
    /// <param name="offset">Where in the file the bytes begin.</param>
    internal static IEnumerable<TextPart> Read(
        Stream utf8, string name, string field, string what = "text", bool numbers = false, long offset = 0)
    {
        var buffer = new byte[FirstBuffer];
        var (start, end, hasEnded) = (0, 0, false);
        for (var line = 1; ; line++)
        {
            int length;
            while ((length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n')) < 0 && !hasEnded)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
                if (end == buffer.Length)
                {
                    if (end >= LongestLine)
                    {
                        throw new InvalidDataException($"{name}, line {line}: longer than {LongestLine >> 20} MiB: write one object a line.");
                    }
                    Array.Resize(ref buffer, 2 * buffer.Length);
                }
                var count = utf8.Read(buffer.AsSpan(end));
                hasEnded = count == 0;
                end += count;
            }
            if (length < 0 && start == end)
            {
                yield break;
            }
            var isLast = length < 0;
            length = isLast ? end - start : length;
            if (Line(buffer.AsSpan(start, length), name, line, field, what, numbers, offset) is { Length: > 0 } text)
            {
                yield return new TextPart($"{name}:{line}", text);
            }
            if (isLast)
            {
                yield break;
            }
            offset += length + 1;
            start += length + 1;
        }
    }

    private static string? Line(ReadOnlySpan<byte> bytes, string name, int line, string field, string what, bool numbers, long offset)
    {
        if (!Utf8.IsValid(bytes))
        {
            throw Utf8Check.NotUtf8(name, offset + Utf8Check.FirstInvalid(bytes));
        }
        var json = bytes.Trim(" \t\r"u8);
        return json.IsEmpty ? null : Text(json, name, line, field, what, numbers);
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
                    $"{file}, line {line}: expected a JSON object with a field \"{field}\", found {Describe(reader.TokenType)}"
                    + (line == 1 && reader.TokenType == JsonTokenType.StartArray ? ": write one object a line, or name the file .json where that is read." : "."));
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

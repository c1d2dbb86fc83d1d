using System.Text.Json;

namespace Idiolect.Tokenization;

/// <summary>Writes the post_processor that puts tokens around a text.</summary>
internal static class PostProcessorWriter
{
    /// <summary>The post-processor of a frame.</summary>
    /// <param name="frame">The tokens around a text.</param>
    /// <param name="text">The text of a token.</param>
    /// <param name="usual">What stands there where nothing is added; null for nothing.</param>
    internal static TokenizerComponent? Write(TextFrame frame, Func<int, string> text, TokenizerComponent? usual)
    {
        if (frame.Count == 0)
        {
            return usual;
        }
        var template = Template(frame, text);
        return usual is null ? template : new()
        {
            Type = "Sequence",
            Others = new() { ["processors"] = JsonSerializer.SerializeToElement([usual, template], TokenizerJsonContext.Default.TokenizerComponentArray) },
        };
    }

    /// <summary>Takes from a component what <see cref="Write"/> adds for a frame.</summary>
    /// <param name="frame">The tokens that the component puts around a text.</param>
    /// <param name="texts">The texts of added tokens.</param>
    /// <param name="component">The component.</param>
    /// <param name="rest">The rest, which adds nothing; null for nothing.</param>
    /// <returns>Whether it is what we would write.</returns>
    internal static bool TryTake(TextFrame frame, Dictionary<int, string> texts, TokenizerComponent? component, out TokenizerComponent? rest)
    {
        rest = null;
        if (component is null || frame.Count == 0 || !frame.Before.Concat(frame.After).All(texts.ContainsKey))
        {
            return false;
        }
        var template = Json(Template(frame, id => texts[id]));
        if (component.Type != "Sequence")
        {
            return Json(component).AsSpan().SequenceEqual(template);
        }
        var parts = component.Others!["processors"].EnumerateArray().Select(part => TokenizerComponent.Read(part)!).ToArray();
        rest = parts.Length == 2 ? parts[0] : null;
        return parts.Length == 2 && Json(parts[1]).AsSpan().SequenceEqual(template);
    }

    private static byte[] Json(TokenizerComponent component) => JsonSerializer.SerializeToUtf8Bytes(component, TokenizerJsonContext.Default.TokenizerComponent);

    private static TokenizerComponent Template(TextFrame frame, Func<int, string> text)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("single");
            WriteText("A", 0);
            writer.WriteEndArray();
            writer.WriteStartArray("pair");
            WriteText("A", 0);
            WriteText("B", 1);
            writer.WriteEndArray();
            writer.WriteStartObject("special_tokens");
            foreach (var id in frame.Before.Concat(frame.After).Distinct())
            {
                writer.WriteStartObject(text(id));
                writer.WriteString("id", text(id));
                writer.WriteStartArray("ids");
                writer.WriteNumberValue(id);
                writer.WriteEndArray();
                writer.WriteStartArray("tokens");
                writer.WriteStringValue(text(id));
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();

            void WriteText(string name, int type)
            {
                foreach (var id in frame.Before)
                {
                    WritePiece("SpecialToken", text(id), type);
                }
                WritePiece("Sequence", name, type);
                foreach (var id in frame.After)
                {
                    WritePiece("SpecialToken", text(id), type);
                }
            }

            void WritePiece(string kind, string id, int type)
            {
                writer.WriteStartObject();
                writer.WriteStartObject(kind);
                writer.WriteString("id", id);
                writer.WriteNumber("type_id", type);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
        }
        return new() { Type = "TemplateProcessing", Others = JsonSerializer.Deserialize(stream.ToArray(), TokenizerJsonContext.Default.DictionaryStringJsonElement) };
    }
}

using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Idiolect.Cli.Output;

/// <summary>Writes one JSON object a line; each begins with the name of its event.</summary>
/// <remarks>Numbers are written the invariant way; those that JSON does not have (NaN, infinity) as null.</remarks>
internal sealed class JsonLines(TextWriter output)
{
    // The relaxed encoder leaves readable what needs no escape in a terminal or file; these lines are never put into HTML.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> buffer = new();

    internal void Write(string name, Action<Utf8JsonWriter> writeProperties)
    {
        buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("event", name);
            writeProperties(writer);
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
        output.Flush();
    }

    internal void Error(string message) => Write("error", writer => writer.WriteString("message", message));
}

/// <summary>The numbers that JSON cannot write as they are.</summary>
internal static class JsonNumbers
{
    internal static void WriteFinite(this Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}

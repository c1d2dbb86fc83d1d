using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Idiolect.Models;

/// <summary>How a config.json is written.</summary>
internal static class ConfigText
{
    /// <summary>The text of a file.</summary>
    internal static string Indented(JsonObject json)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    /// <summary>The shortest decimal that reads back as the same float.</summary>
    internal static JsonNode Exact(float value) => JsonNode.Parse(value.ToString("R", CultureInfo.InvariantCulture))!;
}

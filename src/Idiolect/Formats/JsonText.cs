using System.Text.Json;

namespace Idiolect.Formats;

/// <summary>Strings of JSON from outside.</summary>
internal static class JsonText
{
    /// <summary>The string that an element is; null if it is none, or one with half a surrogate pair, which JSON can write and a text not hold.</summary>
    internal static string? Text(this JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

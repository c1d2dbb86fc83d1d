using System.Text.Json;

namespace Idiolect.Cli.Output;

/// <summary>Says which texts are longer than a model takes.</summary>
internal static class Truncation
{
    internal const string Help = "of one longer than the model takes, only the beginning is read";

    /// <summary>Warns of texts that were cut.</summary>
    /// <param name="cut">Whether the model read only the beginning of each text.</param>
    /// <param name="longest">The most tokens of a text that it reads.</param>
    /// <param name="terminal">Where the warning goes.</param>
    internal static void Warn(bool[] cut, int longest, Terminal terminal)
    {
        var count = cut.Count(isTruncated => isTruncated);
        if (count > 0)
        {
            terminal.WriteError(
                $"{(count == 1 ? "1 text is" : $"{count} texts are")} longer than {longest} tokens; only {(count == 1 ? "its" : "their")} beginning was read");
        }
    }

    internal static void Write(Utf8JsonWriter json, bool isTruncated)
    {
        if (isTruncated)
        {
            json.WriteBoolean("truncated", true);
        }
    }
}

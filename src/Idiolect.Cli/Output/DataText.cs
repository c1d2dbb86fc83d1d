using Idiolect.Data;

namespace Idiolect.Cli.Output;

/// <summary>Pieces of text for a person to see where they begin and end.</summary>
internal static class DataText
{
    /// <summary>Says on standard error which files were passed over.</summary>
    internal static void WriteSkipped(IReadOnlyList<SkippedFile> skipped, Terminal terminal)
    {
        foreach (var file in skipped)
        {
            terminal.WriteError($"passed over {ReadableText.Printable(file.Name)}: {file.Reason}");
        }
    }

    /// <summary>A token between quotes, its line breaks and tabs as they are typed.</summary>
    internal static string Quote(string token) => $"\"{Visible(token)}\"";

    /// <summary>A text in one line.</summary>
    internal static string Visible(string text) => ReadableText.Printable(
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal));
}

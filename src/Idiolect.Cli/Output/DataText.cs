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

    /// <summary>Lines of a width, as far as there are places to break behind; white space at a break goes.</summary>
    internal static IEnumerable<string> Wrap(string text, int width, char breaks)
    {
        width = Math.Max(width, 1);
        while (text.Length > width)
        {
            var end = text.LastIndexOf(breaks, breaks == ' ' ? width : width - 1) is var at and > 0 ? at + 1 : text.IndexOf(breaks, StringComparison.Ordinal) + 1;
            if (end <= 0 || end == text.Length)
            {
                break;
            }
            yield return text[..end].TrimEnd();
            text = text[end..];
        }
        yield return text;
    }

    /// <summary>A token between quotes, its line breaks and tabs as they are typed.</summary>
    internal static string Quote(string token) => $"\"{Visible(token)}\"";

    /// <summary>A text in one line.</summary>
    internal static string Visible(string text) => ReadableText.Printable(
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal));
}

namespace Idiolect.Data;

/// <summary>What stands between the documents of a text file.</summary>
/// <param name="Text">The separator; null for blank lines.</param>
internal sealed record DocumentSeparator(string? Text)
{
    /// <summary>The word for blank lines in the place of a separator.</summary>
    internal const string BlankLines = "blank-lines";

    /// <summary>Null, for whole files, where there is no separator.</summary>
    internal static DocumentSeparator? Of(string? separator)
        => string.IsNullOrEmpty(separator) ? null : separator == BlankLines ? new DocumentSeparator(Text: null) : new DocumentSeparator(separator);

    /// <summary>The first separator: where it begins, and its length; (-1, 0) for none.</summary>
    internal (int Start, int Length) Find(ReadOnlySpan<char> text)
    {
        if (Text is not null)
        {
            var start = text.IndexOf(Text, StringComparison.Ordinal);
            return (start, start < 0 ? 0 : Text.Length);
        }
        for (var from = 0; ;)
        {
            var next = text[from..].IndexOf('\n');
            if (next < 0)
            {
                return (-1, 0);
            }
            var end = from + next + 1;
            while (end < text.Length && text[end] is ' ' or '\t' or '\r')
            {
                end++;
            }
            if (end < text.Length && text[end] == '\n')
            {
                return (from + next, end + 1 - (from + next));
            }
            from += next + 1;
        }
    }

    /// <summary>How much of a text's end may be the beginning of a separator, and must wait for what follows.</summary>
    internal int HeldBack(ReadOnlySpan<char> text) => Text is not null ? Math.Min(text.Length, Text.Length - 1) : text.Length - text.TrimEnd(" \t\r\n").Length;

    /// <summary>The line breaks, or blank lines, before a document.</summary>
    internal int Leading(ReadOnlySpan<char> text)
    {
        var broken = text.Length - text.TrimStart("\r\n").Length;
        return Text is not null ? broken : text[..(text.Length - text.TrimStart(" \t\r\n").Length)].LastIndexOf('\n') + 1;
    }
}

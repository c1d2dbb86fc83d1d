using nietras.SeparatedValues;

namespace Idiolect.Data;

/// <summary>Reads a column of a table of comma- or tab-separated values, whose first line names the columns; quotes may span lines.</summary>
internal static class TableText
{
    /// <param name="reader">The characters.</param>
    /// <param name="name">Where they come from.</param>
    /// <param name="separator">A comma or a tab.</param>
    /// <param name="field">The column.</param>
    /// <exception cref="InvalidDataException">There is no such column, or a row has more or fewer than the first.</exception>
    internal static IEnumerable<TextPart> Read(TextReader reader, string name, char separator, string field)
    {
        var quotes = new QuoteCounter(reader);
        using var table = Guard(() => new SepReaderOptions(new Sep(separator)) { HasHeader = true }.From(quotes), name);
        if (table.IsEmpty)
        {
            yield break;
        }
        List<string> columns = [.. table.Header.ColNames.Select(each => Unquote(each))];
        var column = columns.IndexOf(field);
        if (column < 0)
        {
            throw new InvalidDataException(
                $"{name} has no column \"{field}\"; it has {string.Join(", ", columns.Take(20).Select(each => $"\"{each}\""))}: name the one that holds the text.");
        }
        while (Guard(table.MoveNext, name))
        {
            // Not Current in a local: a row lives in the reader's buffer.
            var text = Guard(() => Text(table, column, separator, name), name);
            if (text.Length > 0)
            {
                yield return new TextPart($"{name}:{table.Current.LineNumberFrom}", text);
            }
        }
        if (quotes.IsOpen)
        {
            throw new InvalidDataException($"{name} has a quote that is never closed: double each quote within a text.");
        }
    }

    /// <summary>A row's text without its quotes. What is not in quotes as a whole keeps the quotes that it has.</summary>
    private static string Text(SepReader table, int column, char separator, string name)
    {
        var row = table.Current;
        if (!row.Span.Contains('"'))
        {
            return row[column].ToString();
        }
        for (var each = 0; each < row.ColCount; each++)
        {
            // Of one that begins with a quote the reader has found the end. A quote within (an inch) has swallowed what follows up to the next.
            if (row[each].Span is var value && !value.StartsWith("\"") && value.IndexOfAny(separator, '\r', '\n') >= 0)
            {
                throw new InvalidDataException(
                    $"{name}, line {row.LineNumberFrom}: a quote stands within a text that is not quoted itself, and hides where it ends: "
                    + "put such a text between quotes and double each quote within.");
            }
        }
        return Unquote(row[column].Span);
    }

    private static string Unquote(ReadOnlySpan<char> text)
        => text.Length > 1 && text[0] == '"' && text[^1] == '"' ? text[1..^1].ToString().Replace("\"\"", "\"", StringComparison.Ordinal) : text.ToString();

    /// <summary>Notices a quote that is never closed: it takes all that follows for one text.</summary>
    private sealed class QuoteCounter(TextReader inner) : TextReader
    {
        internal bool IsOpen { get; private set; }

        public override int Read(Span<char> buffer)
        {
            var count = inner.Read(buffer);
            IsOpen ^= buffer[..count].Count('"') % 2 == 1;
            return count;
        }

        public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));
    }

    private static T Guard<T>(Func<T> read, string name)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentException or NotSupportedException or IndexOutOfRangeException
            && !exception.Message.StartsWith(name, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{name} is no table of the same columns in every row: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }
}

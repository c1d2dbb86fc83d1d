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
        using var table = Guard(() => new SepReaderOptions(new Sep(separator)) { HasHeader = true, Unescape = true }.From(quotes), name);
        if (!table.Header.TryIndexOf(field, out var column))
        {
            throw new InvalidDataException(
                $"{name} has no column \"{field}\"; it has {string.Join(", ", table.Header.ColNames.Take(20).Select(each => $"\"{each}\""))}: name the one that holds the text.");
        }
        while (Guard(table.MoveNext, name))
        {
            // Not Current in a local: a row lives in the reader's buffer.
            var text = Guard(() => table.Current[column].ToString(), name);
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

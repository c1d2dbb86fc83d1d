using Parquet;
using Parquet.Schema;

namespace Idiolect.Data;

/// <summary>Reads a column of texts of a Parquet file, a row group at a time.</summary>
internal static class ParquetText
{
    // Of one row group, which is held in memory: writers make them of 128 MiB or a million rows.
    private const long MostRows = 16L << 20;
    private const long MostBytes = 512L << 20;

    /// <param name="stream">The file, in which places can be looked up.</param>
    /// <param name="name">Its name.</param>
    /// <param name="field">The column.</param>
    /// <exception cref="InvalidDataException">It is no Parquet file, or has no such column of texts.</exception>
    internal static IEnumerable<TextPart> Read(Stream stream, string name, string field)
    {
        var reader = Guard(() => ParquetReader.CreateAsync(stream), name);
        try
        {
            var column = Guard(() => Task.FromResult(Find(reader, name, field)), name);
            long row = 0;
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                foreach (var text in Guard(() => ReadGroupAsync(reader, group, column, name), name))
                {
                    row++;
                    if (text is { Length: > 0 })
                    {
                        yield return new TextPart($"{name}:{row}", text);
                    }
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static DataField Find(ParquetReader reader, string name, string field)
    {
        var fields = reader.Schema.Fields;
        var found = fields.FirstOrDefault(each => each.Name == field)
            ?? throw new InvalidDataException(
                $"{name} has no column \"{field}\"; it has {string.Join(", ", fields.Take(20).Select(each => $"\"{each.Name}\""))}: name the one that holds the text.");
        return found is DataField { IsArray: false } data && (data.ClrType == typeof(string) || data.ClrType == typeof(ReadOnlyMemory<char>)) ? data
            : throw new InvalidDataException($"{name}: column \"{field}\" holds {Describe(found)}, no text: name the one that does.");
    }

    private static string Describe(Field field) => field is not DataField { IsArray: false } data ? "lists or records"
        : data.ClrType == typeof(byte[]) || data.ClrType == typeof(ReadOnlyMemory<byte>) ? "bytes"
        : data.ClrType == typeof(bool) ? "true and false"
        : data.ClrType == typeof(float) || data.ClrType == typeof(double) || data.ClrType == typeof(decimal) ? "numbers"
        : data.ClrType.IsPrimitive ? "whole numbers"
        : "times or other values";

    private static async Task<string?[]> ReadGroupAsync(ParquetReader reader, int index, DataField column, string name)
    {
        using var group = reader.OpenRowGroupReader(index);
        var size = group.GetMetadata(column)?.MetaData?.TotalUncompressedSize ?? 0;
        if (group.RowCount is < 0 or > MostRows || size is < 0 or > MostBytes)
        {
            throw new InvalidDataException(
                $"{name}: row group {index} has {group.RowCount} rows and {size >> 20} MiB of text; at most {MostRows} rows and {MostBytes >> 20} MiB are read at once: write smaller row groups.");
        }
        var texts = new string?[group.RowCount];
        await group.ReadAsync(column, texts.AsMemory()!, null, CancellationToken.None).ConfigureAwait(false);
        return texts;
    }

    /// <summary>The library throws of many kinds where a file is damaged.</summary>
    private static T Guard<T>(Func<Task<T>> read, string name)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is not (OutOfMemoryException or OperationCanceledException)
            && !(exception is InvalidDataException && exception.Message.StartsWith(name, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{name} is no Parquet file, or a damaged one: fetch it again.", exception);
        }
    }
}

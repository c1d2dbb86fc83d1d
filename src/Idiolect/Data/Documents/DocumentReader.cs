namespace Idiolect.Data;

/// <summary>Reads the documents of a file as its name says it is written, unpacked where it is compressed.</summary>
internal static class DocumentReader
{
    private const int LongText = 1 << 20; // characters, from which on the text of a record comes in parts, too

    private static readonly HashSet<string> TextExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".txt", ".text", ".md", ".markdown", ".rst", ".adoc", ".org", ".tex",
    };

    private static readonly HashSet<string> SourceExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".cs", ".fs", ".vb", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".m", ".rs", ".go", ".java", ".kt", ".scala", ".swift", ".py", ".rb", ".php",
        ".pl", ".lua", ".r", ".jl", ".hs", ".ml", ".ex", ".erl", ".clj", ".lisp", ".scm", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".css", ".sql", ".sh", ".ps1",
    };

    private static readonly HashSet<string> StructuredExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jsonl", ".ndjson", ".html", ".htm", ".xhtml", ".parquet", ".csv", ".tsv",
    };

    /// <summary>The kinds that a folder is searched for, for messages.</summary>
    internal static string Kinds => "text, Markdown, source code, HTML, JSON Lines, Parquet, CSV, TSV, also as .gz and .zst, and .zip and .tar archives";

    /// <summary>Whether a folder's file is read without being named: any kind but .json, which programs keep much else in.</summary>
    internal static bool Reads(string name)
    {
        _ = Decompression.TryStrip(name, out var inner);
        var extension = Path.GetExtension(inner);
        return TextExtensions.Contains(extension) || SourceExtensions.Contains(extension) || StructuredExtensions.Contains(extension) || Archive.IsArchive(inner);
    }

    /// <summary>Whether texts of such a file have fields or columns, of which one is named.</summary>
    internal static bool HasFields(string name)
    {
        _ = Decompression.TryStrip(name, out var inner);
        return Path.GetExtension(inner).ToUpperInvariant() is ".JSONL" or ".NDJSON" or ".JSON" or ".PARQUET" or ".CSV" or ".TSV" || Archive.IsArchive(inner);
    }

    /// <summary>The documents of a file, in parts.</summary>
    /// <param name="file">The stream, closed at the end.</param>
    /// <param name="name">Its name, whose extension says what it is.</param>
    /// <param name="options">The field, the separator, the encoding.</param>
    /// <param name="skip">Told of what is passed over in an archive.</param>
    /// <exception cref="InvalidDataException">The file is not what its name says, or damaged; the message names it.</exception>
    internal static IEnumerable<TextPart> Read(Stream file, string name, CorpusOptions options, Action<SkippedFile> skip)
    {
        var (length, stream) = (file.Length, file);
        var budget = new UnpackedBudget(() => length, name);
        if (Decompression.TryStrip(name, out var inner))
        {
            var counted = new CountingStream(file);
            budget = new UnpackedBudget(() => counted.Count, name);
            stream = Decompression.Open(counted, name, budget);
        }
        return Archive.IsArchive(inner)
            ? Archive.Read(stream, inner, name, budget, Reads, skip, (member, kind, path) => ReadOne(member, kind, path, options))
            : ReadOne(stream, inner, name, options);
    }

    /// <summary>The documents of what is no archive.</summary>
    /// <param name="stream">The unpacked bytes.</param>
    /// <param name="kind">The name whose extension says what it is.</param>
    /// <param name="name">The name for messages.</param>
    /// <param name="options">The field, the separator, the encoding.</param>
    private static IEnumerable<TextPart> ReadOne(Stream stream, string kind, string name, CorpusOptions options)
        => ReadWhole(stream, kind, name, options).SelectMany(part => part.Text.Length > LongText ? DocumentCutter.Read(new StringReader(part.Text), part.Name, null) : [part]);

    private static IEnumerable<TextPart> ReadWhole(Stream stream, string kind, string name, CorpusOptions options)
        => Path.GetExtension(kind).ToUpperInvariant() switch
        {
            ".PARQUET" => ReadParquet(stream, name, options),
            ".JSONL" or ".NDJSON" => ReadJsonLines(stream, name, options),
            ".JSON" => ReadJson(stream, name, options),
            ".HTML" or ".HTM" or ".XHTML" => ReadHtml(stream, name, options),
            ".CSV" => ReadTable(stream, name, ',', options),
            ".TSV" => ReadTable(stream, name, '\t', options),
            _ => ReadText(stream, name, options),
        };

    private static IEnumerable<TextPart> ReadText(Stream stream, string name, CorpusOptions options)
    {
        using var reader = new Utf8Reader(stream, name, options.Encoding);
        foreach (var part in DocumentCutter.Read(reader, name, DocumentSeparator.Of(options.Separator)))
        {
            yield return part;
        }
    }

    private static IEnumerable<TextPart> ReadJsonLines(Stream stream, string name, CorpusOptions options)
    {
        using var utf8 = TextEncoding.ToUtf8(stream, name, options.Encoding, out var markLength);
        foreach (var part in JsonLines.Read(utf8, name, options.Field, offset: markLength))
        {
            yield return part;
        }
    }

    private static IEnumerable<TextPart> ReadJson(Stream stream, string name, CorpusOptions options)
    {
        using var utf8 = TextEncoding.ToUtf8(stream, name, options.Encoding, out _);
        foreach (var part in JsonValues.Read(utf8, name, options.Field))
        {
            yield return part;
        }
    }

    private static IEnumerable<TextPart> ReadHtml(Stream stream, string name, CorpusOptions options)
    {
        using var reader = new Utf8Reader(stream, name, options.Encoding);
        if (HtmlText.Of(WholeText.Read(reader, name, "page"), name) is { Length: > 0 } text)
        {
            yield return new TextPart(name, text);
        }
    }

    private static IEnumerable<TextPart> ReadTable(Stream stream, string name, char separator, CorpusOptions options)
    {
        using var reader = new Utf8Reader(stream, name, options.Encoding);
        foreach (var part in TableText.Read(reader, name, separator, options.Field))
        {
            yield return part;
        }
    }

    private static IEnumerable<TextPart> ReadParquet(Stream stream, string name, CorpusOptions options)
    {
        using var seekable = WholeText.Seekable(stream);
        foreach (var part in ParquetText.Read(seekable, name, options.Field))
        {
            yield return part;
        }
    }

    private sealed class CountingStream(Stream inner) : ReadOnlyStream(inner)
    {
        internal long Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = Inner.Read(buffer);
            Count += count;
            return count;
        }
    }
}

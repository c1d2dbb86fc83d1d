namespace Idiolect.Data;

/// <summary>How <see cref="Corpus.Load(string, CorpusOptions?, IProgress{DataProgress}?, CancellationToken)"/> and <see cref="TextSource"/> read and divide a source.</summary>
public sealed record CorpusOptions
{
    /// <summary>The value of <see cref="Separator"/> that stands for blank lines.</summary>
    public const string BlankLines = DocumentSeparator.BlankLines;

    /// <summary>The value of <see cref="Encoding"/> that reads a byte as a character (ISO 8859-1).</summary>
    public const string Latin1 = TextEncoding.Latin1;

    /// <summary>The property of JSON, or the column of Parquet, CSV and TSV, that holds the text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>The part of the corpus that is held out for validation, in [0, 1).</summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>The folder that holds <c>packs/</c> for the source <c>dotnet-docs</c>; null finds the running runtime's.</summary>
    public string? DotnetRoot { get; init; }

    /// <summary>
    /// What stands between the documents of a text file, such as <c>&lt;|endoftext|&gt;</c>, or <see cref="BlankLines"/>; null where a file is one
    /// document. Line breaks around it go with it.
    /// </summary>
    public string? Separator { get; init; }

    /// <summary><see cref="Latin1"/>; null for UTF-8, or what a byte order mark says.</summary>
    public string? Encoding { get; init; }

    /// <summary>Whether a file that cannot be read is passed over and told of, instead of ending it all.</summary>
    public bool SkipBad { get; init; }

    /// <summary>What to validate on instead of a part of the corpus: another source, all of it; null for none.</summary>
    public string? ValidationSource { get; init; }

    /// <summary>The file that stands for the source <c>-</c>, into which standard input was copied.</summary>
    public string? StandardInput { get; init; }

    /// <summary>Where the tokens of large corpora are kept; null for the folder that <see cref="TokenCache.Default"/> has.</summary>
    public string? CacheFolder { get; init; }
}

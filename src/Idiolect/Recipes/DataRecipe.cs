using System.Text.Json.Serialization;
using Idiolect.Data;

namespace Idiolect.Recipes;

/// <summary>What a run learns from, and what is held out of it.</summary>
public sealed record DataRecipe
{
    /// <summary>Held out are clusters of sentences that are like each other.</summary>
    public const string ByCluster = "cluster";

    /// <summary>Held out are whole assemblies.</summary>
    public const string ByAssembly = "assembly";

    /// <summary>In <see cref="To"/>: every language of dotnet-resources but the source's.</summary>
    public const string AllLanguages = "all";

    /// <summary>
    /// A file, folder or glob of text, or the name of a corpus that every .NET machine has; <c>-</c> for standard input. Where a run learns to
    /// predict text, <c>:WEIGHT</c> may stand behind it: how often its documents are read.
    /// </summary>
    public string Source { get; init; } = Idiolect.Data.Corpus.DotnetDocs;

    /// <summary>More sources, written alike; null for none.</summary>
    public IReadOnlyList<string>? MoreSources { get; init; }

    /// <summary>What is held out instead of a part of the sources: another source, all of it.</summary>
    public string? ValidationSource { get; init; }

    /// <summary>What stands between the documents of a text file, or <c>blank-lines</c>; null where each file is one.</summary>
    public string? Separator { get; init; }

    /// <summary><c>latin-1</c>, or null for UTF-8 and what byte order marks say.</summary>
    public string? Encoding { get; init; }

    /// <summary>Whether files that cannot be read are passed over.</summary>
    public bool SkipBad { get; init; }

    /// <summary>The file that stands for the source <c>-</c>; no part of the recipe.</summary>
    [JsonIgnore]
    public string? StandardInput { get; init; }

    /// <summary>The field of JSON Lines or JSON, or the column of Parquet, CSV or TSV, that holds the text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>The field of a JSON Lines file that holds the label of a text to classify.</summary>
    public string LabelField { get; init; } = "label";

    /// <summary>Share of the documents, or of each label's texts, that is held out.</summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>The source language of a translation; in a JSON Lines file, its field.</summary>
    public string From { get; init; } = "en";

    /// <summary>The target languages of a translation, joined by commas, or <see cref="AllLanguages"/>.</summary>
    public string To { get; init; } = "de";

    /// <summary>What of a translation's sentences is held out: <see cref="ByCluster"/> or <see cref="ByAssembly"/>.</summary>
    public string Split { get; init; } = ByCluster;

    /// <summary>All sources with their weights.</summary>
    internal IReadOnlyList<WeightedSource> Sources => [.. MoreSources?.Prepend(Source).Select(WeightedSource.Parse) ?? [WeightedSource.Parse(Source)]];

    /// <summary>How they are read and divided.</summary>
    internal CorpusOptions Options => new()
    {
        Field = TextField,
        ValidationFraction = ValidationFraction,
        ValidationSource = ValidationSource,
        Separator = Separator,
        Encoding = Encoding,
        SkipBad = SkipBad,
        StandardInput = StandardInput,
    };

    /// <summary>The same with paths that hold from any folder.</summary>
    internal DataRecipe WithLastingPaths() => this with
    {
        Source = Lasting(Source),
        MoreSources = MoreSources is null ? null : [.. MoreSources.Select(Lasting)],
        ValidationSource = ValidationSource is null ? null : Lasting(ValidationSource),
    };

    private static string Lasting(string text) => WeightedSource.Parse(text) is var source && source.Source
        is Idiolect.Data.Corpus.DotnetDocs or ParallelCorpus.DotnetResources or TextSource.StandardInput
        ? text : (source with { Source = Path.GetFullPath(source.Source) }).ToString();

    /// <summary>The target languages one by one.</summary>
    internal string[] Targets
        => To == AllLanguages ? [.. Idiolect.Data.ParallelCorpus.Languages.Where(language => language != From)] : To.Split(',');
}

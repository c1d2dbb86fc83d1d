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

    /// <summary>A text file, folder, glob or JSON Lines file, or the name of a corpus that every .NET machine has.</summary>
    public string Source { get; init; } = Idiolect.Data.Corpus.DotnetDocs;

    /// <summary>The field of a JSON Lines file that holds the text.</summary>
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

    /// <summary>The target languages one by one.</summary>
    internal string[] Targets
        => To == AllLanguages ? [.. Idiolect.Data.ParallelCorpus.Languages.Where(language => language != From)] : To.Split(',');
}

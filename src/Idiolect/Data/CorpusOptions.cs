namespace Idiolect.Data;

/// <summary>How <see cref="Corpus.Load"/> reads and divides a source.</summary>
public sealed record CorpusOptions
{
    /// <summary>The JSON Lines property that holds the text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>The part of the corpus that is held out for validation, in [0, 1).</summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>The folder that holds <c>packs/</c> for the source <c>dotnet-docs</c>; null finds the running runtime's.</summary>
    public string? DotnetRoot { get; init; }
}

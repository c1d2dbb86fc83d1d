namespace Idiolect.Data;

/// <summary>What <see cref="CorpusCleaner"/> drops.</summary>
public sealed record CleaningOptions
{
    /// <summary>
    /// From which similarity on two documents count as near duplicates, in [0.3, 1]: the share of runs of five words that they have in common
    /// (Jaccard's), estimated to within some hundredths. 1 keeps what is not nearly the same throughout.
    /// </summary>
    public double Similarity { get; init; } = 0.7;

    /// <summary>
    /// Whether documents are dropped that break Gopher's rules on length and repetition (Rae et al. 2021): 50 to 100,000 words, words of three to ten
    /// letters on average, few lines, paragraphs and runs of words twice.
    /// </summary>
    public bool GopherRules { get; init; } = true;

    /// <summary>Text that a model is to be measured on later: what shares 13 words in a row with it is dropped. Null for none.</summary>
    public IEnumerable<Document>? HeldOut { get; init; }

    /// <summary>Documents of each reason, and each rule, that the report shows.</summary>
    public int Examples { get; init; } = 3;

    /// <exception cref="ArgumentException">A value is out of range.</exception>
    internal void Check()
    {
        if (Similarity is not (>= LowestSimilarity and <= 1))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"{nameof(Similarity)} is {Similarity}; give a number from {LowestSimilarity} to 1."), nameof(Similarity));
        }
        ArgumentOutOfRangeException.ThrowIfNegative(Examples);
    }

    /// <summary>The lowest <see cref="Similarity"/>.</summary>
    public const double LowestSimilarity = 0.3;
}

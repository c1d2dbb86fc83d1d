namespace Idiolect.Data;

/// <summary>Why a document was dropped; tried in this order.</summary>
public enum DropReason
{
    /// <summary>It breaks one of Gopher's rules on length and repetition.</summary>
    Filter,

    /// <summary>It holds a part of the held-out text.</summary>
    HeldOut,

    /// <summary>It is the same text as one that was kept.</summary>
    Exact,

    /// <summary>It is nearly the same text as one that was kept.</summary>
    Near,
}

/// <summary>A document that was dropped.</summary>
/// <param name="Name">Where it comes from.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">The rule with its figures, or the name of the document that it is a duplicate of.</param>
/// <param name="Similarity">Of near duplicates the estimated similarity, else 1 for copies and 0.</param>
/// <param name="Beginning">Its first characters.</param>
public sealed record DroppedDocument(string Name, DropReason Reason, string Detail, double Similarity, string Beginning);

/// <summary>What was kept and what was dropped.</summary>
public sealed record CleaningReport
{
    /// <summary>Documents read.</summary>
    public required long Documents { get; init; }

    /// <summary>Documents kept.</summary>
    public required long Kept { get; init; }

    /// <summary>Bytes of text read, in UTF-8.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes of text kept, in UTF-8.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Documents dropped, by reason; without those of none.</summary>
    public required IReadOnlyDictionary<DropReason, long> Dropped { get; init; }

    /// <summary>Documents dropped by each rule, the most frequent first.</summary>
    public required IReadOnlyList<(string Rule, long Count)> Rules { get; init; }

    /// <summary>Some of what was dropped, in the order of the text.</summary>
    public required IReadOnlyList<DroppedDocument> Examples { get; init; }
}

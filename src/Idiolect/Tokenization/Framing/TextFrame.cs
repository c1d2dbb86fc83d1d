namespace Idiolect.Tokenization;

/// <summary>The tokens around a text on its own, such as a prompt.</summary>
/// <param name="Before">Those before it.</param>
/// <param name="After">Those behind it.</param>
internal sealed record TextFrame(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    /// <summary>No tokens at all.</summary>
    internal static TextFrame None { get; } = new([], []);

    /// <summary>How many there are.</summary>
    internal int Count => Before.Count + After.Count;

    /// <summary>Whether both have the same tokens.</summary>
    internal bool IsLike(TextFrame other) => Before.SequenceEqual(other.Before) && After.SequenceEqual(other.After);
}

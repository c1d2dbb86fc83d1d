namespace Idiolect.Tokenization;

/// <summary>
/// Cuts a text into pieces that concatenate to it, from left to right. Where the published regular expressions would backtrack, scanners
/// look at each character a bounded number of times, so that the time is linear in the text.
/// </summary>
internal abstract class PieceScanner
{
    /// <summary>
    /// Whether every place of every text lies in a match of the regular expression. Where it does not, what lies between two matches is a
    /// piece too.
    /// </summary>
    internal virtual bool CoversAll => true;

    /// <summary>The length of the first piece of a text that is not empty, in UTF-16 units; at least 1.</summary>
    internal abstract int LengthOfFirst(ReadOnlySpan<char> text);
}

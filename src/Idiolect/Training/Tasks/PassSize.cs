namespace Idiolect.Training;

/// <summary>What a pass learns from.</summary>
/// <param name="Sequences">Windows of text, sentence pairs, texts: the samples that random numbers are keyed by.</param>
/// <param name="Tokens">The tokens in them, padding left out: what a speed in tokens a second counts.</param>
/// <param name="Counted">What the mean of the loss is taken over, and so the pass's weight in its step: targets that count.</param>
public readonly record struct PassSize(long Sequences, long Tokens, long Counted)
{
    /// <summary>Two passes together.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static PassSize operator +(PassSize left, PassSize right)
        => new(left.Sequences + right.Sequences, left.Tokens + right.Tokens, left.Counted + right.Counted);
}

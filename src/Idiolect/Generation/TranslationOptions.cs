namespace Idiolect.Generation;

/// <summary>How a translation is searched for; the defaults are those of Vaswani et al. 2017, section 6.1.</summary>
public sealed record TranslationOptions
{
    /// <summary>Candidates kept at each step; 1 takes the likeliest token always.</summary>
    public int Beams { get; init; } = 4;

    /// <summary>
    /// Alpha of Wu et al. 2016, section 7: a candidate's log-probability is divided by ((5 + length) / 6)^alpha, so that longer
    /// ones may win; 0 compares the probabilities themselves.
    /// </summary>
    public double LengthPenalty { get; init; } = 0.6;

    /// <summary>Threads; 0 for all processors. The result does not depend on them.</summary>
    public int Threads { get; init; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One makes no sense; the message says which.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Beams, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
        if (!double.IsFinite(LengthPenalty) || LengthPenalty < 0)
        {
            throw new ArgumentException($"{nameof(LengthPenalty)} is {LengthPenalty}; it must be 0 or a positive number.");
        }
    }
}

using System.Buffers;

namespace Idiolect.Generation;

/// <summary>
/// Makes tokens that already stand in the text less likely (Keskar et al. 2019, section 4.1): positive scores are divided by the penalty,
/// negative ones multiplied. <see cref="GenerationOptions.RepetitionPenalty"/> puts it before all other processors. Thread-safe.
/// </summary>
public sealed class RepetitionPenalty : ILogitProcessor
{
    private readonly float _penalty;

    /// <summary>Makes the processor.</summary>
    /// <param name="penalty">Above 1 makes repetition less likely, below 1 more likely.</param>
    /// <exception cref="ArgumentException">The penalty is no positive number.</exception>
    public RepetitionPenalty(float penalty)
    {
        if (!float.IsFinite(penalty) || penalty <= 0f)
        {
            throw new ArgumentException($"{penalty} must be positive.", nameof(penalty));
        }
        _penalty = penalty;
    }

    /// <inheritdoc/>
    public void Process(TokenSequence text, Span<float> logits)
    {
        var rented = ArrayPool<bool>.Shared.Rent(logits.Length);
        var seen = rented.AsSpan(0, logits.Length); // (vocabulary)
        seen.Clear();
        foreach (var id in text.Tokens)
        {
            if (!seen[id])
            {
                seen[id] = true;
                logits[id] = logits[id] > 0 ? logits[id] / _penalty : logits[id] * _penalty;
            }
        }
        ArrayPool<bool>.Shared.Return(rented);
    }
}

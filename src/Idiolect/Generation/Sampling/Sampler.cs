using System.Buffers;
using Idiolect.Evaluation;

namespace Idiolect.Generation;

/// <summary>
/// Draws a token with the probability that temperature, top-k, top-p and min-p of <see cref="GenerationOptions"/> leave it. Thread-safe.
/// </summary>
public sealed class Sampler : ISampler
{
    private readonly GenerationOptions _options;

    /// <summary>Makes the sampler.</summary>
    /// <param name="options">The options, of which those four count.</param>
    /// <exception cref="ArgumentException">An option is off; the message names it.</exception>
    public Sampler(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    /// <remarks>Ties go to the smaller id, so that a result does not depend on a sort's whims.</remarks>
    /// <exception cref="ArgumentException">Every token is forbidden.</exception>
    public int Sample(TokenSequence text, ReadOnlySpan<float> logits, double random)
    {
        if (_options.Temperature == 0f)
        {
            return LogitScore.Best(logits);
        }
        var rented = ArrayPool<(float Score, int Id)>.Shared.Rent(logits.Length);
        try
        {
            var candidates = Rank(logits, rented);
            if (candidates.IsEmpty)
            {
                throw new ArgumentException("Every token is forbidden.", nameof(logits));
            }
            return Draw(candidates, random);
        }
        finally
        {
            ArrayPool<(float Score, int Id)>.Shared.Return(rented);
        }
    }

    private int Draw(Span<(float Score, int Id)> candidates, double random)
    {
        var total = Weigh(candidates);
        (var count, total) = Nucleus(candidates, total);
        var kept = candidates[..count];
        var target = random * total;
        foreach (var (weight, id) in kept)
        {
            target -= weight;
            if (target < 0)
            {
                return id;
            }
        }
        return kept[^1].Id; // rounding left a remainder
    }

    /// <summary>The candidates, best first where an option needs the order, cut to the K best and to min-p.</summary>
    private Span<(float Score, int Id)> Rank(ReadOnlySpan<float> logits, Span<(float Score, int Id)> room)
    {
        // min-p compares probabilities at temperature 1 of the scaled scores: p >= minP * pMax  <=>  score >= max + T ln(minP).
        var floor = float.MinValue; // forbidden tokens are no candidates
        if (_options.MinP > 0f)
        {
            floor = Math.Max(floor, logits[LogitScore.Best(logits)] + (_options.Temperature * MathF.Log(_options.MinP)));
        }
        var count = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            if (logits[id] >= floor)
            {
                room[count++] = (logits[id], id);
            }
        }
        var candidates = room[..count];
        if (_options.TopK > 0 || _options.TopP < 1f)
        {
            candidates.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Id.CompareTo(b.Id));
            if (_options.TopK > 0 && _options.TopK < count)
            {
                candidates = candidates[.._options.TopK];
            }
        }
        return candidates;
    }

    /// <summary>Replaces scores by unnormalised probabilities and returns their sum.</summary>
    private double Weigh(Span<(float Score, int Id)> candidates)
    {
        var largest = float.NegativeInfinity;
        foreach (var (score, _) in candidates)
        {
            largest = Math.Max(largest, score);
        }
        var total = 0.0;
        for (var i = 0; i < candidates.Length; i++)
        {
            var weight = MathF.Exp((candidates[i].Score - largest) / _options.Temperature);
            candidates[i].Score = weight;
            total += weight;
        }
        return total;
    }

    /// <summary>How many of the best together have probability top-p, and the sum of their weights.</summary>
    private (int Count, double Total) Nucleus(ReadOnlySpan<(float Score, int Id)> candidates, double total)
    {
        if (_options.TopP >= 1f)
        {
            return (candidates.Length, total);
        }
        var sum = 0.0;
        for (var i = 0; i < candidates.Length; i++)
        {
            sum += candidates[i].Score;
            if (sum >= _options.TopP * total)
            {
                return (i + 1, sum);
            }
        }
        return (candidates.Length, total);
    }
}

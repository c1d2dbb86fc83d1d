using System.Runtime.InteropServices;
using Idiolect.Kernels;

namespace Idiolect.Generation;

/// <summary>Chooses the next token from the model's scores.</summary>
/// <param name="options">How.</param>
/// <param name="sample">Which of the texts written at once: each draws its own random numbers.</param>
internal sealed class Sampler(GenerationOptions options, int sample)
{
    private readonly ulong _key = CounterRandom.Derive(options.Seed, (ulong)sample);
    private readonly HashSet<int> _seen = [];
    private readonly List<(float Score, int Id)> _candidates = [];
    private ulong _drawn;

    /// <summary>Remembers a token of the text, for the repetition penalty.</summary>
    internal void Observe(int id) => _seen.Add(id);

    /// <summary>The next token. Ties go to the smaller id, so that a result does not depend on a sort's whims.</summary>
    /// <param name="logits">(vocabulary) scores; changed by the repetition penalty.</param>
    /// <exception cref="InvalidDataException">A score is not finite.</exception>
    internal int Next(Span<float> logits)
    {
        RequireFinite(logits);
        Penalize(logits);
        if (options.Temperature == 0f)
        {
            return IndexOfLargest(logits);
        }
        Rank(logits);
        var kept = CollectionsMarshal.AsSpan(_candidates);
        var total = Weigh(kept);
        (var count, total) = Nucleus(kept, total);
        kept = kept[..count];

        var target = CounterRandom.Uniform(_key, _drawn++) * total;
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

    private static void RequireFinite(ReadOnlySpan<float> logits)
    {
        foreach (var score in logits)
        {
            if (!float.IsFinite(score))
            {
                throw new InvalidDataException("The model's scores are not finite: its weights are damaged, or training has diverged.");
            }
        }
    }

    private void Penalize(Span<float> logits)
    {
        if (options.RepetitionPenalty == 1f)
        {
            return;
        }
        foreach (var id in _seen)
        {
            logits[id] = logits[id] > 0 ? logits[id] / options.RepetitionPenalty : logits[id] * options.RepetitionPenalty;
        }
    }

    /// <summary>Fills the candidates, best first where an option needs the order, cut to the K best and to min-p.</summary>
    private void Rank(ReadOnlySpan<float> logits)
    {
        // min-p compares probabilities at temperature 1 of the scaled scores: p >= minP * pMax  <=>  score >= max + T ln(minP).
        var floor = options.MinP > 0f
            ? logits[IndexOfLargest(logits)] + (options.Temperature * MathF.Log(options.MinP))
            : float.NegativeInfinity;
        _candidates.Clear();
        for (var id = 0; id < logits.Length; id++)
        {
            if (logits[id] >= floor)
            {
                _candidates.Add((logits[id], id));
            }
        }
        if (options.TopK > 0 || options.TopP < 1f)
        {
            _candidates.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Id.CompareTo(b.Id));
            if (options.TopK > 0 && options.TopK < _candidates.Count)
            {
                CollectionsMarshal.SetCount(_candidates, options.TopK);
            }
        }
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
            var weight = MathF.Exp((candidates[i].Score - largest) / options.Temperature);
            candidates[i].Score = weight;
            total += weight;
        }
        return total;
    }

    /// <summary>How many of the best together have probability top-p, and the sum of their weights.</summary>
    private (int Count, double Total) Nucleus(ReadOnlySpan<(float Score, int Id)> candidates, double total)
    {
        if (options.TopP >= 1f)
        {
            return (candidates.Length, total);
        }
        var sum = 0.0;
        for (var i = 0; i < candidates.Length; i++)
        {
            sum += candidates[i].Score;
            if (sum >= options.TopP * total)
            {
                return (i + 1, sum);
            }
        }
        return (candidates.Length, total);
    }

    private static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
            {
                best = id;
            }
        }
        return best;
    }
}

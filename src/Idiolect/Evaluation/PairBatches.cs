using Idiolect.Data;

namespace Idiolect.Evaluation;

/// <summary>Cuts a sequence of pairs into batches by a budget of tokens (Vaswani et al. 2017, section 5.1).</summary>
internal static class PairBatches
{
    /// <summary>Ranges of <paramref name="order"/>; a pair that is longer than the budget is a batch of its own.</summary>
    /// <param name="data">The pairs.</param>
    /// <param name="order">The numbers of the pairs, as a rule sorted by length.</param>
    /// <param name="tokens">The most tokens of the longer side of a batch, padding included.</param>
    internal static List<Range> Cut(PairDataset data, ReadOnlySpan<int> order, int tokens)
    {
        var batches = new List<Range>();
        var (start, longest) = (0, 0);
        for (var i = 0; i < order.Length; i++)
        {
            var length = Math.Max(data.Sources[order[i]].Length, data.Targets[order[i]].Length + 1);
            longest = Math.Max(longest, length);
            if (i > start && (long)longest * (i - start + 1) > tokens)
            {
                batches.Add(start..i);
                (start, longest) = (i, length);
            }
        }
        if (order.Length > start)
        {
            batches.Add(start..order.Length);
        }
        return batches;
    }
}

namespace Idiolect.Tokenization;

/// <summary>
/// Applies the merge rules to the tokens of one piece: always the rule of lowest rank, of its places the leftmost. Two ways
/// with the same result, one for short and one for long pieces.
/// </summary>
internal sealed class BytePairMerger
{
    private readonly Dictionary<TokenPair, (int Rank, int Result)> _rules;

    internal BytePairMerger(IReadOnlyList<MergeRule> rules)
    {
        _rules = new(rules.Count);
        for (var rank = 0; rank < rules.Count; rank++)
        {
            _rules[rules[rank].Pair] = (rank, rules[rank].Result); // of two for one pair the last counts, as in Hugging Face's library
        }
    }

    /// <summary>Merges in place and returns how many tokens remain. Quadratic, but with a very small factor.</summary>
    internal int MergeByScanning(Span<int> ids)
    {
        Span<int> ranks = stackalloc int[ids.Length]; // of the pair that begins here
        for (var i = 0; i < ids.Length; i++)
        {
            ranks[i] = RankAt(ids, i);
        }
        var count = ids.Length;
        while (true)
        {
            var best = 0;
            for (var i = 1; i < count; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }
            if (count < 2 || ranks[best] == int.MaxValue)
            {
                return count;
            }
            ids[best] = _rules[new(ids[best], ids[best + 1])].Result;
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            ranks[(best + 2)..count].CopyTo(ranks[(best + 1)..]);
            count--;
            ranks[best] = RankAt(ids[..count], best);
            if (best > 0)
            {
                ranks[best - 1] = RankAt(ids[..count], best - 1);
            }
        }
    }

    /// <summary>
    /// Merges in place and returns how many tokens remain. Each place waits in the queue of its pair's rank; places mostly
    /// come in ascending order, which makes the work linear; at worst it is n log n.
    /// </summary>
    /// <param name="ids">The tokens of the piece.</param>
    /// <param name="steps">How many places were taken from the queues: the work done.</param>
    internal int MergeByQueues(Span<int> ids, out long steps)
    {
        var next = new int[ids.Length];
        var previous = new int[ids.Length];
        var places = new PlaceQueues();
        for (var i = 0; i < ids.Length; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            if (RankAt(ids, i) is < int.MaxValue and var rank)
            {
                places.Enqueue(rank, i);
            }
        }
        steps = 0;
        while (places.TryDequeue(out var rank, out var left))
        {
            steps++;
            var right = next[left];

            // The place may be out of date: merged away (-1), or the beginning of another pair by now.
            if (ids[left] < 0 || right >= ids.Length || !_rules.TryGetValue(new(ids[left], ids[right]), out var rule)
                || rule.Rank != rank)
            {
                continue;
            }
            ids[left] = rule.Result;
            ids[right] = -1;
            next[left] = next[right];
            if (next[left] < ids.Length)
            {
                previous[next[left]] = left;
                Enqueue(places, ids, left, next[left]);
            }
            if (previous[left] >= 0)
            {
                Enqueue(places, ids, previous[left], left);
            }
        }
        var count = 0;
        for (var i = 0; i < ids.Length; i = next[i])
        {
            ids[count++] = ids[i];
        }
        return count;
    }

    private void Enqueue(PlaceQueues places, ReadOnlySpan<int> ids, int left, int right)
    {
        if (_rules.TryGetValue(new(ids[left], ids[right]), out var rule))
        {
            places.Enqueue(rule.Rank, left);
        }
    }

    private int RankAt(ReadOnlySpan<int> ids, int index)
        => index + 1 < ids.Length && _rules.TryGetValue(new(ids[index], ids[index + 1]), out var rule)
            ? rule.Rank
            : int.MaxValue;
}

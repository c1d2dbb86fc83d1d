using System.Runtime.InteropServices;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// All words of a corpus as chains of tokens, with the count and the places of every pair of neighbours kept up to date as
/// pairs are merged. A merge costs time in proportion to the places of its pair.
/// </summary>
internal sealed class PairIndex
{
    // A token made of a pair seen once only shortens that one place.
    private const int SmallestCount = 2;

    // One element a byte of the words, one word after the other; next and previous are -1 at a word's ends.
    private readonly int[] _token; // -1 where merged away
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int[] _word;
    private readonly long[] _wordCounts;

    private readonly Dictionary<TokenPair, Places> _pairs = [];
    private readonly PriorityQueue<TokenPair, Candidate> _candidates = new();
    private readonly HashSet<TokenPair> _grown = [];

    internal PairIndex(Dictionary<string, long> words)
    {
        var length = words.Keys.Sum(Encoding.UTF8.GetByteCount);
        _token = new int[length];
        _next = new int[length];
        _previous = new int[length];
        _word = new int[length];
        _wordCounts = [.. words.Values];
        var idOfByte = new int[256];
        for (var id = 0; id < 256; id++)
        {
            idOfByte[ByteLevelAlphabet.BytesInOrder[id]] = id;
        }
        var place = 0;
        var word = 0;
        foreach (var text in words.Keys)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var i = 0; i < bytes.Length; i++, place++)
            {
                _token[place] = idOfByte[bytes[i]];
                _next[place] = i + 1 < bytes.Length ? place + 1 : -1;
                _previous[place] = i > 0 ? place - 1 : -1;
                _word[place] = word;
                if (i > 0)
                {
                    Add(new(_token[place - 1], _token[place]), place - 1);
                }
            }
            word++;
        }
        QueueGrownPairs();
    }

    /// <summary>The most frequent pair, of equals the smallest; false when none occurs at least twice.</summary>
    internal bool TryTakeMostFrequent(out TokenPair pair)
    {
        while (_candidates.TryDequeue(out pair, out var candidate))
        {
            var count = _pairs.TryGetValue(pair, out var places) ? places.Count : 0;
            if (count == candidate.Count)
            {
                return true;
            }
            if (count >= SmallestCount)
            {
                _candidates.Enqueue(pair, new(count, pair)); // it has become rarer since it was queued
            }
        }
        return false;
    }

    /// <summary>Replaces the pair by the token wherever it stands, from the left.</summary>
    internal void Merge(MergeRule rule)
    {
        var (pair, result) = rule;
        _pairs.Remove(pair, out var places);
        places!.Where.Sort();
        foreach (var left in CollectionsMarshal.AsSpan(places.Where))
        {
            var right = _next[left];

            // A place may be out of date: its tokens were merged with others, or with each other in a run such as "aaa".
            if (_token[left] != pair.Left || right < 0 || _token[right] != pair.Right)
            {
                continue;
            }
            var before = _previous[left];
            var after = _next[right];
            _token[left] = result;
            _token[right] = -1;
            _next[left] = after;
            if (before >= 0)
            {
                Remove(new(_token[before], pair.Left), before);
                Add(new(_token[before], result), before);
            }
            if (after >= 0)
            {
                _previous[after] = left;
                Remove(new(pair.Right, _token[after]), left);
                Add(new(result, _token[after]), left);
            }
        }
        QueueGrownPairs();
    }

    private void Add(TokenPair pair, int place)
    {
        ref var places = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _);
        places ??= new Places();
        places.Count += _wordCounts[_word[place]];
        places.Where.Add(place);
        _grown.Add(pair);
    }

    // Its place stays in the list and is recognised as out of date.
    private void Remove(TokenPair pair, int place)
    {
        if (_pairs.TryGetValue(pair, out var places) && (places.Count -= _wordCounts[_word[place]]) == 0)
        {
            _pairs.Remove(pair);
        }
    }

    private void QueueGrownPairs()
    {
        foreach (var pair in _grown)
        {
            if (_pairs.TryGetValue(pair, out var places) && places.Count >= SmallestCount)
            {
                _candidates.Enqueue(pair, new(places.Count, pair));
            }
        }
        _grown.Clear();
    }

    private sealed class Places
    {
        internal long Count { get; set; }

        internal List<int> Where { get; } = [];
    }

    /// <summary>Sorts the more frequent pair first, then the smaller one.</summary>
    private readonly record struct Candidate(long Count, TokenPair Pair) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other)
            => Count != other.Count ? other.Count.CompareTo(Count) : Pair.CompareTo(other.Pair);
    }
}

using Idiolect.Models;

namespace Idiolect.Generation;

/// <summary>
/// Searches for the likeliest target of each source (beam search; Wu et al. 2016, section 7, for the length penalty): of the
/// candidates so far the best few are continued by one token each, until as many have ended, or none of those that go on can
/// become better than the best that has ended.
/// </summary>
internal sealed class BeamSearch
{
    private readonly TranslationOptions _options;
    private readonly int _vocabulary;
    private readonly int _mark;

    /// <param name="options">How many candidates, and how lengths compare.</param>
    /// <param name="vocabulary">The length of a row of scores.</param>
    /// <param name="mark">The token that begins and ends a target.</param>
    internal BeamSearch(TranslationOptions options, int vocabulary, int mark) => (_options, _vocabulary, _mark) = (options, vocabulary, mark);

    /// <summary>The best target found for each source, without marks.</summary>
    /// <param name="decoding">The targets being written.</param>
    /// <param name="count">Sources.</param>
    /// <param name="maximumLength">The most tokens of a target, its end included.</param>
    /// <param name="onePass">Held while a step is computed, and between steps by whoever else runs the model.</param>
    /// <param name="cancellationToken">Ends the search with an exception.</param>
    /// <exception cref="InvalidDataException">A score is not finite.</exception>
    internal int[][] Run(IDecoding decoding, int count, int maximumLength, Lock onePass, CancellationToken cancellationToken = default)
    {
        var beams = _options.Beams;
        var searches = Enumerable.Range(0, count).Select(_ => new Search(this)).ToArray();
        var logits = new float[count * beams * _vocabulary];
        var (tokens, parents) = (new int[count * beams], Enumerable.Range(0, count * beams).ToArray());
        Array.Fill(tokens, _mark);
        for (var length = 1; length <= maximumLength && searches.Any(search => !search.Ended); length++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (onePass)
            {
                decoding.Advance(tokens, parents, logits);
            }
            Parallel.For(0, count, source =>
            {
                var first = source * beams;
                searches[source].Advance(
                    logits.AsSpan(first * _vocabulary, beams * _vocabulary), length, maximumLength, tokens.AsSpan(first, beams), parents.AsSpan(first, beams));
                for (var beam = 0; beam < beams; beam++)
                {
                    parents[first + beam] += first;
                }
            });
        }
        return [.. searches.Select(search => search.Best)];
    }

    private double Normalize(double logarithm, int length) => logarithm / Math.Pow((5.0 + length) / 6, _options.LengthPenalty);

    /// <summary>The candidates of one source.</summary>
    private sealed class Search
    {
        private readonly BeamSearch _all;
        private readonly List<(double Score, int Beam, int Token)> _candidates = [];
        private double[] _scores; // (beams): the logarithm of each candidate's probability
        private int[][] _texts; // (beams, length)
        private double _best = double.NegativeInfinity; // of those that ended, normalised
        private int _endedCount;

        internal Search(BeamSearch all)
        {
            _all = all;
            _scores = new double[all._options.Beams];
            _scores.AsSpan(1).Fill(double.NegativeInfinity); // all candidates begin equal, and one is enough
            _texts = [.. Enumerable.Repeat(Array.Empty<int>(), all._options.Beams)];
        }

        internal bool Ended { get; private set; }

        internal int[] Best { get; private set; } = [];

        /// <summary>Continues the best candidates by a token; <paramref name="tokens"/> and <paramref name="parents"/> receive what to feed next.</summary>
        internal void Advance(ReadOnlySpan<float> logits, int length, int maximumLength, Span<int> tokens, Span<int> parents)
        {
            if (Ended)
            {
                for (var beam = 0; beam < parents.Length; beam++)
                {
                    parents[beam] = beam; // rows of the batch that nobody reads any more
                }
                return;
            }
            Rank(logits);
            var (scores, texts, alive) = (new double[parents.Length], new int[parents.Length][], 0);
            for (var rank = 0; rank < _candidates.Count && alive < parents.Length; rank++)
            {
                var (score, beam, token) = _candidates[rank];
                if (token == _all._mark)
                {
                    if (rank < parents.Length)
                    {
                        End(_texts[beam], _all.Normalize(score, length));
                    }
                    continue;
                }
                (scores[alive], texts[alive], tokens[alive], parents[alive]) = (score, [.. _texts[beam], token], token, beam);
                alive++;
            }
            for (var beam = alive; beam < parents.Length; beam++)
            {
                (scores[beam], texts[beam], tokens[beam], parents[beam]) = (double.NegativeInfinity, [], _all._mark, beam);
            }
            (_scores, _texts) = (scores, texts);
            // A logarithm can only fall, and the penalty is mildest at the greatest length.
            Ended = alive == 0 || _endedCount >= parents.Length || _all.Normalize(_scores[0], maximumLength) <= _best;
            if (!Ended && length == maximumLength && _endedCount == 0)
            {
                End(_texts[0], _all.Normalize(_scores[0], length)); // cut off
            }
        }

        private void End(int[] text, double score)
        {
            _endedCount++;
            if (score > _best)
            {
                (_best, Best) = (score, text);
            }
        }

        /// <summary>The best continuations, twice as many as beams, since at most half of them can be ends.</summary>
        private void Rank(ReadOnlySpan<float> logits)
        {
            _candidates.Clear();
            var wanted = 2 * _scores.Length;
            for (var beam = 0; beam < _scores.Length; beam++)
            {
                if (double.IsNegativeInfinity(_scores[beam]))
                {
                    continue;
                }
                var row = logits.Slice(beam * _all._vocabulary, _all._vocabulary);
                var offset = _scores[beam] - LogSumOfExponentials(row);
                for (var token = 0; token < row.Length; token++)
                {
                    var score = row[token] + offset;
                    if (_candidates.Count < wanted || score > _candidates[^1].Score)
                    {
                        Insert(score, beam, token, wanted);
                    }
                }
            }
        }

        private void Insert(double score, int beam, int token, int wanted)
        {
            if (_candidates.Count == wanted)
            {
                _candidates.RemoveAt(wanted - 1);
            }
            var at = _candidates.Count;
            while (at > 0 && _candidates[at - 1].Score < score)
            {
                at--;
            }
            _candidates.Insert(at, (score, beam, token));
        }

        private static double LogSumOfExponentials(ReadOnlySpan<float> row)
        {
            var max = float.NegativeInfinity;
            foreach (var logit in row)
            {
                max = Math.Max(max, logit);
            }
            if (!float.IsFinite(max))
            {
                throw new NotFiniteNumberException(max);
            }
            var sum = 0f;
            foreach (var logit in row)
            {
                sum += MathF.Exp(logit - max);
            }
            return max + Math.Log(sum);
        }
    }
}

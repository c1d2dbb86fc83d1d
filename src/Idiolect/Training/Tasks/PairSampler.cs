using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Kernels;
using Idiolect.Models;

namespace Idiolect.Training;

/// <summary>
/// Draws batches of sentence pairs of similar length. A batch is a pure function of the seed and its number: each epoch
/// sorts the pairs by length with some noise, so that neighbours change, cuts them into batches and shuffles those.
/// </summary>
internal sealed class PairSampler
{
    private const double Noise = 0.2; // how far, as a part of its length, a pair may stray from its place

    private readonly PairDataset _data;
    private readonly int _tokens;
    private readonly ulong _key;
    private readonly PairBatch _batch;
    private readonly int[] _order; // of this epoch
    private List<Range> _batches = [];
    private long _epoch = -1;
    private long _firstBatch; // of this epoch, counted from the run's start

    /// <param name="data">The pairs.</param>
    /// <param name="tokens">The most tokens of a batch's longer side, padding included.</param>
    /// <param name="seed">Decides the order.</param>
    internal PairSampler(PairDataset data, int tokens, ulong seed)
    {
        (_data, _tokens, _key) = (data, tokens, CounterRandom.Derive(seed, 0));
        _batch = new PairBatch(data);
        _order = new int[data.Count];
        Begin(0, 0);
    }

    /// <summary>The batches of the epoch that was drawn from last; the number differs little between epochs.</summary>
    internal int BatchesPerEpoch => _batches.Count;

    /// <summary>The batch of a number; valid until the next call.</summary>
    /// <param name="number">Counted from 0 over all epochs.</param>
    /// <param name="size">What it holds.</param>
    internal SequencePairs Fill(long number, out PassSize size)
    {
        if (number < _firstBatch)
        {
            Begin(0, 0);
        }
        while (number >= _firstBatch + _batches.Count)
        {
            Begin(_epoch + 1, _firstBatch + _batches.Count);
        }
        var shuffled = new KeyedPermutation(_batches.Count, CounterRandom.Derive(_key, (ulong)_epoch)).Map(number - _firstBatch);
        var pairs = _batch.Fill(_order.AsSpan(_batches[(int)shuffled]));
        size = new PassSize(pairs.Count, _batch.Tokens);
        return pairs;
    }

    private void Begin(long epoch, long firstBatch)
    {
        (_epoch, _firstBatch) = (epoch, firstBatch);
        var key = CounterRandom.Derive(_key, (ulong)epoch);
        var places = new double[_order.Length];
        for (var pair = 0; pair < places.Length; pair++)
        {
            _order[pair] = pair;
            var length = Math.Max(_data.Sources[pair].Length, _data.Targets[pair].Length);
            places[pair] = length * (1 + (Noise * (CounterRandom.Uniform(key, (ulong)pair) - 0.5)));
        }
        Array.Sort(places, _order);
        _batches = PairBatches.Cut(_data, _order, _tokens);
    }
}

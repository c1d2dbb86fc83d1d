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
    private Epoch _epoch; // drawn from last
    private Epoch _before; // the one before it, since the passes of one step may lie in both

    /// <param name="data">The pairs.</param>
    /// <param name="tokens">The most tokens of a batch's longer side, padding included.</param>
    /// <param name="seed">Decides the order.</param>
    internal PairSampler(PairDataset data, int tokens, ulong seed)
    {
        (_data, _tokens, _key) = (data, tokens, CounterRandom.Derive(seed, 0));
        _batch = new PairBatch(data);
        _epoch = _before = Begin(0, 0);
    }

    /// <summary>The batches of the epoch that was drawn from last; the number differs little between epochs.</summary>
    internal int BatchesPerEpoch => _epoch.Batches.Count;

    /// <summary>The batch of a number; valid until the next call.</summary>
    /// <param name="number">Counted from 0 over all epochs.</param>
    internal SequencePairs Fill(long number) => _batch.Fill(Pairs(number));

    /// <summary>What the batch of a number holds.</summary>
    /// <param name="number">Counted from 0 over all epochs.</param>
    internal PassSize Size(long number)
    {
        var size = default(PassSize);
        foreach (var pair in Pairs(number))
        {
            var (source, target) = (_data.Sources[pair].Length, _data.Targets[pair].Length + 1);
            size += new PassSize(1, source + target, target);
        }
        return size;
    }

    /// <summary>The pairs of a batch.</summary>
    private ReadOnlySpan<int> Pairs(long number)
    {
        var epoch = Find(number);
        var shuffled = new KeyedPermutation(epoch.Batches.Count, CounterRandom.Derive(_key, (ulong)epoch.Number)).Map(number - epoch.FirstBatch);
        return epoch.Order.AsSpan(epoch.Batches[(int)shuffled]);
    }

    private Epoch Find(long number)
    {
        if (_before.Holds(number))
        {
            return _before;
        }
        if (number < _epoch.FirstBatch)
        {
            _epoch = _before = Begin(0, 0);
        }
        while (!_epoch.Holds(number))
        {
            (_before, _epoch) = (_epoch, Begin(_epoch.Number + 1, _epoch.FirstBatch + _epoch.Batches.Count));
        }
        return _epoch;
    }

    private Epoch Begin(long epoch, long firstBatch)
    {
        var key = CounterRandom.Derive(_key, (ulong)epoch);
        var order = new int[_data.Count];
        var places = new double[_data.Count];
        for (var pair = 0; pair < places.Length; pair++)
        {
            order[pair] = pair;
            var length = Math.Max(_data.Sources[pair].Length, _data.Targets[pair].Length);
            places[pair] = length * (1 + (Noise * (CounterRandom.Uniform(key, (ulong)pair) - 0.5)));
        }
        Array.Sort(places, order);
        return new Epoch(epoch, firstBatch, order, PairBatches.Cut(_data, order, _tokens));
    }

    /// <summary>All pairs once.</summary>
    /// <param name="Number">Counted from 0.</param>
    /// <param name="FirstBatch">The number of its first batch, counted over all epochs.</param>
    /// <param name="Order">The pairs, about sorted by length.</param>
    /// <param name="Batches">Where the order is cut.</param>
    private sealed record Epoch(long Number, long FirstBatch, int[] Order, List<Range> Batches)
    {
        internal bool Holds(long batch) => batch >= FirstBatch && batch < FirstBatch + Batches.Count;
    }
}

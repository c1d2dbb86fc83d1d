using Idiolect.Data;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Evaluation;

/// <summary>Measures how well a sequence-to-sequence model predicts given translations, without dropout and label smoothing.</summary>
internal sealed class PairLossEvaluation
{
    private readonly PairBatch _batch;
    private readonly int[] _pairs; // sorted by length, so that batches hold little padding
    private readonly List<Range> _batches;
    private readonly double _bytesPerToken;

    /// <param name="data">The pairs.</param>
    /// <param name="tokens">The most target tokens of a batch, padding included.</param>
    /// <param name="maximumPairs">How many pairs, spread evenly, to measure.</param>
    internal PairLossEvaluation(PairDataset data, int tokens, int maximumPairs = int.MaxValue)
    {
        _batch = new PairBatch(data);
        var count = Math.Min(data.Count, maximumPairs);
        _pairs = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * data.Count / count)).OrderBy(pair => data.Targets[pair].Length)];
        _batches = PairBatches.Cut(data, _pairs, tokens);
        _bytesPerToken = (double)data.TargetBytes / data.TargetTokens;
    }

    /// <summary>Measures. Bits per byte is exact where all pairs are measured.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">A tape between steps; its recording is off while this runs.</param>
    internal EvaluationResult Measure(ISequenceToSequence model, Tape tape)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        try
        {
            var context = new ForwardContext(tape);
            var (nats, tokens) = (0.0, 0L);
            foreach (var range in _batches)
            {
                var pairs = _batch.Fill(_pairs.AsSpan(range));
                lock (model.Parameters.OnePass) // others may train or translate with the model meanwhile
                {
                    nats += (double)model.Loss(pairs, context).Item() * _batch.TargetTokens;
                    tape.Reset();
                }
                tokens += _batch.TargetTokens;
            }
            var loss = nats / tokens;
            return new EvaluationResult(loss, loss / Math.Log(2) / _bytesPerToken);
        }
        finally
        {
            tape.Reset();
            tape.Recording = recording;
        }
    }
}

using Idiolect.Data;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Evaluation;

/// <summary>
/// Measures how well a model fills gaps in held-out text, without dropout. The gaps are the same ones each time, whatever the run's seed.
/// </summary>
public sealed class MaskedEvaluation
{
    private const ulong Key = 0x6d61736b; // of the gaps

    private readonly EvaluationBatches _batches;
    private readonly TokenMasking _masking;
    private readonly int[] _tokenBytes; // [id]
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)
    private readonly int[] _lengths; // (batch)

    /// <summary>Prepares a measurement.</summary>
    /// <param name="data">The tokens.</param>
    /// <param name="tokenizer">The tokenizer that made them.</param>
    /// <param name="batchSize">Windows in a forward pass.</param>
    /// <param name="contextLength">Tokens in a window.</param>
    /// <param name="batches">Batches to measure, spread evenly; 0 for all of the text.</param>
    /// <exception cref="InvalidDataException">There are fewer than two tokens, or the tokenizer has no mask.</exception>
    public MaskedEvaluation(TokenDataset data, Tokenizer tokenizer, int batchSize, int contextLength, int batches)
    {
        _tokenBytes = tokenizer.ByteCounts();
        _batches = new EvaluationBatches(data, batchSize, contextLength, _tokenBytes, batches);
        _masking = new TokenMasking(tokenizer);
        _inputs = new int[batchSize * contextLength];
        _targets = new int[batchSize * contextLength];
        _lengths = new int[batchSize];
    }

    /// <summary>The tokens that were masked in the last measurement.</summary>
    public long Tokens { get; private set; }

    /// <summary>The UTF-8 bytes of those tokens.</summary>
    public long Bytes { get; private set; }

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on them.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    /// <returns>Loss, accuracy, and the bits a byte of the masked tokens, which a model that sees both sides has easier than one that writes.</returns>
    public EvaluationResult Measure(Bert model, int threads = 0, CancellationToken cancellationToken = default)
    {
        using var inference = new InferenceTape(threads);
        return Measure(model, inference.Tape, cancellationToken);
    }

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">A tape between steps; its recording is off while this runs.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    internal EvaluationResult Measure(Bert model, Tape tape, CancellationToken cancellationToken = default)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        try
        {
            var context = new ForwardContext(tape);
            var (nats, right) = (0.0, 0L);
            (Tokens, Bytes) = (0, 0);
            for (var batch = 0; batch < _batches.BatchCount; batch++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int[] places = Fill(batch);
                if (places.Length > 0)
                {
                    float[] logits; // (places, vocabulary)
                    lock (model.Parameters.OnePass) // others may train or fill gaps with the model meanwhile
                    {
                        logits = model.Predict(_inputs, _lengths, places, context).ToArray();
                        tape.Reset();
                    }
                    var vocabulary = model.Config.VocabularySize;
                    for (var i = 0; i < places.Length; i++)
                    {
                        var scores = logits.AsSpan(i * vocabulary, vocabulary);
                        var target = _targets[places[i]];
                        nats += LogitScore.Nats(scores, target);
                        right += LogitScore.Best(scores) == target ? 1 : 0;
                        Bytes += _tokenBytes[target];
                    }
                    Tokens += places.Length;
                }
            }
            return new EvaluationResult(nats / Tokens, nats / Math.Log(2) / Bytes, (double)right / Tokens);
        }
        finally
        {
            tape.Reset();
            tape.Recording = recording;
        }
    }

    /// <summary>Fills and masks one batch; returns the places to predict.</summary>
    private int[] Fill(int batch)
    {
        _batches.Fill(batch, _inputs, _targets);
        var context = _batches.ContextLength;
        for (var row = 0; row < _lengths.Length; row++)
        {
            var counted = context - _targets.AsSpan(row * context, context).Count(Window.Ignored);
            _lengths[row] = Math.Max(1, counted); // a row without text is one token that nobody masks
            if (counted == 0)
            {
                _inputs[row * context] = _masking.MaskId;
            }
        }
        _masking.Apply(CounterRandom.Derive(Key, (ulong)batch), _inputs, _lengths, _targets);
        return [.. Enumerable.Range(0, _targets.Length).Where(place => _targets[place] >= 0)];
    }
}

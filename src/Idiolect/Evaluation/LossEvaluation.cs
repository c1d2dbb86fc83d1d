using Idiolect.Data;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Evaluation;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Loss">The mean cross-entropy, in nats a token.</param>
/// <param name="BitsPerByte">The same information divided by the text's UTF-8 bytes: comparable between tokenizers.</param>
/// <param name="Accuracy">The share of answers that are right, where the model gives answers: masked tokens, labels; null for next tokens.</param>
public readonly record struct EvaluationResult(double Loss, double BitsPerByte, double? Accuracy = null)
{
    /// <summary>e to the loss: the number of tokens among which the model is, on average, undecided.</summary>
    public double Perplexity => Math.Exp(Loss);
}

/// <summary>Measures the loss of a model on held-out text, without dropout.</summary>
public sealed class LossEvaluation
{
    private readonly EvaluationBatches _batches;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)

    /// <summary>Prepares a measurement.</summary>
    /// <param name="data">The tokens.</param>
    /// <param name="tokenizer">The tokenizer that made them: it knows each token's bytes.</param>
    /// <param name="batchSize">Windows in a forward pass.</param>
    /// <param name="contextLength">Tokens in a window.</param>
    /// <param name="batches">Batches to measure, spread evenly; 0 for all of the text.</param>
    /// <exception cref="InvalidDataException">There are fewer than two tokens.</exception>
    public LossEvaluation(TokenDataset data, Tokenizer tokenizer, int batchSize, int contextLength, int batches)
    {
        _batches = new EvaluationBatches(data, batchSize, contextLength, tokenizer.ByteCounts(), batches);
        _inputs = new int[batchSize * contextLength];
        _targets = new int[batchSize * contextLength];
    }

    /// <summary>The UTF-8 bytes that are predicted.</summary>
    public long Bytes => _batches.ScoredBytes;

    /// <summary>The tokens that are predicted.</summary>
    public long Tokens => _batches.ScoredTokens;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on them.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    public EvaluationResult Measure(ILanguageModel model, int threads = 0, CancellationToken cancellationToken = default)
    {
        using var inference = new InferenceTape(threads);
        return Measure(model, inference.Tape, cancellationToken);
    }

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">A tape between steps; its recording is off while this runs.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    public EvaluationResult Measure(ILanguageModel model, Tape tape, CancellationToken cancellationToken = default)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        try
        {
            var context = new ForwardContext(tape);
            var nats = 0.0;
            for (var batch = 0; batch < _batches.BatchCount; batch++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var scored = _batches.Fill(batch, _inputs, _targets);
                lock (model.Parameters.OnePass) // others may train or generate with the model meanwhile
                {
                    using (var loss = model.Loss(_inputs, _targets, _batches.BatchSize, context))
                    {
                        nats += (double)loss.Item() * scored;
                    }
                    tape.Reset();
                }
            }
            return new EvaluationResult(nats / _batches.ScoredTokens, _batches.BitsPerByte(nats));
        }
        finally
        {
            tape.Reset();
            tape.Recording = recording;
        }
    }
}

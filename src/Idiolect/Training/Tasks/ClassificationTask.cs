using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>
/// A classifier that learns from labelled texts. An epoch shows each text once, in an order of its own; a batch is a pure function of the seed
/// and its place in the run.
/// </summary>
public sealed class ClassificationTask : ITrainingTask
{
    private const int TextsPerPass = 32; // of an evaluation

    private readonly Classifier _model;
    private readonly Tokenizer _tokenizer;
    private readonly ClassificationData _data;
    private readonly TrainingOptions _options;
    private readonly ulong _key;
    private readonly PaddedTexts _batch = new();
    private readonly int[] _chosen; // (batch)
    private readonly int[] _labels; // (batch)

    /// <summary>Joins a classifier with its data.</summary>
    /// <param name="model">The classifier, trained in place; the caller keeps it.</param>
    /// <param name="tokenizer">The tokenizer of its backbone.</param>
    /// <param name="data">The labelled texts.</param>
    /// <param name="options">The run's options: batches and seed follow from them.</param>
    /// <param name="freeze">Whether only the head learns; a resumed run needs what it began with.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidDataException">There are no texts, or model and tokenizer do not belong together.</exception>
    public ClassificationTask(Classifier model, Tokenizer tokenizer, ClassificationData data, TrainingOptions options, bool freeze = false)
    {
        options.Validate();
        ModelVocabulary.Require(tokenizer, model.Backbone.Config.VocabularySize);
        if (data.Training.Texts.Count == 0 || data.Validation.Texts.Count == 0)
        {
            throw new InvalidDataException("There are no texts to learn from, or none to measure on.");
        }
        (_model, _tokenizer, _data, _options) = (model, tokenizer, data, options);
        _key = CounterRandom.Derive(options.Seed, 0);
        (_chosen, _labels) = (new int[options.BatchSize], new int[options.BatchSize]);
        if (freeze)
        {
            model.Freeze();
        }
    }

    /// <inheritdoc/>
    public ParameterSet Parameters => _model.Parameters;

    /// <inheritdoc/>
    public string DataHash => _data.Hash;

    /// <inheritdoc/>
    public string TokenizerHash => _tokenizer.Hash;

    /// <inheritdoc/>
    public PassSize Size(long step, int microStep)
    {
        Choose(step, microStep);
        return new PassSize(_chosen.Length, _chosen.Sum(text => (long)_data.Training.Texts[text].Length), _chosen.Length);
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int microStep, ForwardContext context)
    {
        Choose(step, microStep);
        _batch.Fill(_data.Training.Texts, _chosen);
        return _model.Loss(_batch.Tokens, _batch.Lengths, _labels, context);
    }

    /// <inheritdoc/>
    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => (Measure(_data.Training, tape, _data.Validation.Texts.Count), Measure(_data.Validation, tape, int.MaxValue));

    /// <inheritdoc/>
    public void Save(string folder)
    {
        _tokenizer.Save(folder);
        ClassifierFolder.Save(_model, folder);
    }

    /// <summary>Does nothing: model and data are the caller's.</summary>
    public void Dispose()
    {
    }

    private void Choose(long step, int microStep)
    {
        var texts = _data.Training;
        var first = ((step * _options.GradientAccumulation) + microStep) * _options.BatchSize;
        for (var i = 0; i < _chosen.Length; i++)
        {
            var (epoch, index) = Math.DivRem(first + i, texts.Texts.Count);
            _chosen[i] = (int)new KeyedPermutation(texts.Texts.Count, CounterRandom.Derive(_key, (ulong)epoch)).Map(index);
            _labels[i] = texts.Labels[_chosen[i]];
        }
    }

    /// <summary>Loss in nats a text, and accuracy, on so many texts, spread evenly. There is no text to predict, and so no bits a byte.</summary>
    private EvaluationResult Measure(LabelledTokens texts, Tape tape, int most)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        try
        {
            var count = Math.Min(texts.Texts.Count, most);
            var labels = _model.Labels.Count;
            var (nats, right) = (0.0, 0);
            var chosen = Enumerable.Range(0, count).Select(i => (int)((long)i * texts.Texts.Count / count)).OrderBy(text => texts.Texts[text].Length);
            foreach (var chunk in chosen.Chunk(TextsPerPass))
            {
                _batch.Fill(texts.Texts, chunk);
                float[] logits; // (chunk, labels)
                lock (_model.Parameters.OnePass)
                {
                    logits = _model.Forward(_batch.Tokens, _batch.Lengths, new ForwardContext(tape)).ToArray();
                    tape.Reset();
                }
                for (var row = 0; row < chunk.Length; row++)
                {
                    var scores = logits.AsSpan(row * labels, labels);
                    nats += LogitScore.Nats(scores, texts.Labels[chunk[row]]);
                    right += LogitScore.Best(scores) == texts.Labels[chunk[row]] ? 1 : 0;
                }
            }
            return new EvaluationResult(nats / count, double.NaN, (double)right / count);
        }
        finally
        {
            tape.Reset();
            tape.Recording = recording;
        }
    }
}

using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// A classifier that learns from labelled texts. An epoch shows each text once, in an order of its own; a batch is a pure function of the seed
/// and its place in the run.
/// </summary>
internal sealed class ClassificationTask : ITrainingTask
{
    private const int TextsPerPass = 32; // of an evaluation

    private readonly TextClassifier _classifier;
    private readonly ClassificationData _data;
    private readonly TrainingOptions _options;
    private readonly ulong _key;
    private readonly PaddedTexts _batch = new();
    private readonly int[] _chosen; // (batch)
    private readonly int[] _labels; // (batch)

    internal ClassificationTask(TextClassifier classifier, ClassificationData data, TrainingOptions options, bool freeze)
    {
        options.Validate();
        if (data.Training.Texts.Count == 0 || data.Validation.Texts.Count == 0)
        {
            throw new InvalidDataException("There are no texts to learn from, or none to measure on.");
        }
        (_classifier, _data, _options) = (classifier, data, options);
        TokenizerHash = classifier.Tokenizer.Hash;
        _key = CounterRandom.Derive(options.Seed, 0);
        (_chosen, _labels) = (new int[options.BatchSize], new int[options.BatchSize]);
        if (freeze)
        {
            classifier.Model.Freeze();
        }
    }

    public ParameterSet Parameters => _classifier.Model.Parameters;

    public string DataHash => _data.Hash;

    public string TokenizerHash { get; }

    public Tensor Loss(long step, int microStep, ForwardContext context, out PassSize size)
    {
        var texts = _data.Training;
        var first = ((step * _options.GradientAccumulation) + microStep) * _options.BatchSize;
        for (var i = 0; i < _chosen.Length; i++)
        {
            var (epoch, index) = Math.DivRem(first + i, texts.Texts.Count);
            _chosen[i] = (int)new KeyedPermutation(texts.Texts.Count, CounterRandom.Derive(_key, (ulong)epoch)).Map(index);
            _labels[i] = texts.Labels[_chosen[i]];
        }
        _batch.Fill(texts.Texts, _chosen);
        size = new PassSize(_chosen.Length, _batch.Lengths.ToArray().Sum());
        return _classifier.Model.Loss(_batch.Tokens, _batch.Lengths, _labels, context);
    }

    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => (Measure(_data.Training, tape, _data.Validation.Texts.Count), Measure(_data.Validation, tape, int.MaxValue));

    public void Save(string folder) => _classifier.Save(folder);

    public void Dispose()
    {
        // The model is the caller's.
    }

    /// <summary>Loss in nats a text, and accuracy, on so many texts, spread evenly. There is no text to predict, and so no bits a byte.</summary>
    private EvaluationResult Measure(LabelledTokens texts, Tape tape, int most)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        try
        {
            var count = Math.Min(texts.Texts.Count, most);
            var labels = _classifier.Model.Labels.Count;
            var (nats, right) = (0.0, 0);
            var chosen = Enumerable.Range(0, count).Select(i => (int)((long)i * texts.Texts.Count / count)).OrderBy(text => texts.Texts[text].Length);
            foreach (var chunk in chosen.Chunk(TextsPerPass))
            {
                _batch.Fill(texts.Texts, chunk);
                var logits = _classifier.Model.Forward(_batch.Tokens, _batch.Lengths, new ForwardContext(tape)).ToArray();
                tape.Reset();
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

using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// A model that learns to fill gaps in windows of a text, which may hold the end of one document and the beginning of the next (RoBERTa's
/// FULL-SENTENCES, Liu et al. 2019). A window is masked anew each time that it is drawn.
/// </summary>
internal sealed class MaskedLanguageModelTask : ITrainingTask
{
    private const int TokensPerPass = 4096; // of an evaluation, which holds the scores of all gaps of a pass

    private readonly MaskedLanguageModel _model;
    private readonly BatchSampler _sampler;
    private readonly TokenMasking _masking;
    private readonly MaskedEvaluation? _training;
    private readonly MaskedEvaluation? _validation;
    private readonly ulong _key;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)
    private readonly int[] _lengths; // (batch): all of the context

    internal MaskedLanguageModelTask(MaskedLanguageModel model, TrainingData data, TrainingOptions options)
    {
        options.Validate();
        var context = options.ContextLength ?? model.Model.Config.ContextLength;
        if (context > model.Model.Config.ContextLength)
        {
            throw new ArgumentException($"ContextLength is {context}; the model's is only {model.Model.Config.ContextLength}.", nameof(options));
        }
        data.Training.RequireContext(context);
        (_model, DataHash, TokenizerHash) = (model, data.Hash, model.Tokenizer.Hash);
        _sampler = new BatchSampler(data.Training, options.BatchSize, context, options.Seed, options.GradientAccumulation);
        _masking = new TokenMasking(model.Tokenizer);
        _key = CounterRandom.Derive(options.Seed, ~0UL); // another stream than the sampler's and dropout's
        if (data.Validation != null)
        {
            var windows = Math.Max(1, TokensPerPass / context);
            var passes = Math.Max(1, options.EvaluationBatches * options.BatchSize / windows); // about as many tokens as the batches asked for
            _training = new MaskedEvaluation(data.Training, model.Tokenizer, windows, context, passes);
            _validation = new MaskedEvaluation(data.Validation, model.Tokenizer, windows, context, passes);
        }
        _inputs = new int[options.BatchSize * context];
        _targets = new int[options.BatchSize * context];
        _lengths = [.. Enumerable.Repeat(context, options.BatchSize)];
    }

    public ParameterSet Parameters => _model.Model.Parameters;

    public string DataHash { get; }

    public string TokenizerHash { get; }

    public Tensor Loss(long step, int microStep, ForwardContext context, out PassSize size)
    {
        _sampler.Fill(step, microStep, _inputs, _targets);
        var key = CounterRandom.Derive(CounterRandom.Derive(_key, (ulong)step), (ulong)microStep);
        _masking.Apply(key, _inputs, _lengths, _targets);
        size = new PassSize(_sampler.BatchSize, _inputs.Length);
        return _model.Model.Loss(_inputs, _lengths, _targets, context);
    }

    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => _training == null || _validation == null ? null : (_training.Measure(_model.Model, tape), _validation.Measure(_model.Model, tape));

    public void Save(string folder) => _model.Save(folder);

    public void Dispose()
    {
        // Model and data are the caller's.
    }
}

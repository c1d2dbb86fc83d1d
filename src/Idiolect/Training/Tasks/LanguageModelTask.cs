using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>A language model that learns to predict the next token in windows of a text.</summary>
internal sealed class LanguageModelTask : ITrainingTask
{
    private readonly LanguageModel _model;
    private readonly BatchSampler _sampler;
    private readonly CarriedStates? _carried;
    private readonly LossEvaluation? _training;
    private readonly LossEvaluation? _validation;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)

    internal LanguageModelTask(LanguageModel model, TrainingData data, TrainingOptions options)
    {
        options.Validate();
        ModelFolder.RequireSavable(model.Model.Config);
        var context = options.ContextLength ?? model.Model.Config.ContextLength;
        if (context > model.Model.Config.ContextLength)
        {
            throw new ArgumentException(
                $"ContextLength is {context}; the model's is only {model.Model.Config.ContextLength}.", nameof(options));
        }
        data.Training.RequireContext(context);
        (_model, DataHash) = (model, data.Hash);
        TokenizerHash = model.Tokenizer.Hash;
        _carried = CarriedStates.Create(model.Model, options);
        _sampler = new BatchSampler(
            data.Training, options.BatchSize, context, options.Seed, options.GradientAccumulation,
            _carried == null ? SamplingOrder.Shuffled : SamplingOrder.Contiguous);
        if (data.Validation != null)
        {
            var window = context == model.Model.Config.ContextLength ? model.Model.Config.EvaluationLength : context;
            var windows = Math.Max(1, options.BatchSize * context / window); // about as many tokens as a training batch
            _training = new LossEvaluation(data.Training, model.Tokenizer, windows, window, options.EvaluationBatches);
            _validation = new LossEvaluation(data.Validation, model.Tokenizer, windows, window, options.EvaluationBatches);
        }
        _inputs = new int[options.BatchSize * context];
        _targets = new int[options.BatchSize * context];
    }

    public ParameterSet Parameters => _model.Model.Parameters;

    public string DataHash { get; }

    public string TokenizerHash { get; }

    public Tensor Loss(long step, int microStep, ForwardContext context, out PassSize size)
    {
        _sampler.Fill(step, microStep, _inputs, _targets);
        size = new PassSize(_sampler.BatchSize, _inputs.Length);
        context.Memory = _carried?.Begin(_sampler, step, microStep);
        return _model.Model.Loss(_inputs, _targets, _sampler.BatchSize, context);
    }

    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => _training == null || _validation == null ? null : (_training.Measure(_model.Model, tape), _validation.Measure(_model.Model, tape));

    public void Save(string folder) => _model.Save(folder);

    public void SaveState(string folder) => _carried?.Save(folder);

    public void LoadState(string folder) => _carried?.Load(folder);

    public void Forget() => _carried?.Clear();

    public void Dispose() => _carried?.Dispose();
}

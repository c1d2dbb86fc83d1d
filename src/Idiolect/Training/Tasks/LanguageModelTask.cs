using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>A language model that learns to predict the next token in windows of a text.</summary>
public sealed class LanguageModelTask : ITrainingTask
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly BatchSampler _sampler;
    private readonly CarriedStates? _carried;
    private readonly LossEvaluation? _training;
    private readonly LossEvaluation? _validation;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)

    /// <summary>Joins a model with its data.</summary>
    /// <param name="model">The model, trained in place; the caller keeps it.</param>
    /// <param name="tokenizer">The tokenizer that made the data.</param>
    /// <param name="data">The tokens; the caller keeps them.</param>
    /// <param name="options">The run's options: batches, seed and evaluations follow from them.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or the model has no file format: <see cref="ModelFormat.Register"/> adds one.</exception>
    /// <exception cref="InvalidDataException">The text is shorter than the context, or model and tokenizer do not belong together.</exception>
    public LanguageModelTask(ILanguageModel model, Tokenizer tokenizer, TrainingData data, TrainingOptions options)
    {
        options.Validate();
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        ModelFolder.RequireSavable(model.Config);
        var context = options.ContextLength ?? model.Config.ContextLength;
        if (context > model.Config.ContextLength)
        {
            throw new ArgumentException($"ContextLength is {context}; the model's is only {model.Config.ContextLength}.", nameof(options));
        }
        data.Training.RequireContext(context);
        (_model, _tokenizer, DataHash) = (model, tokenizer, data.Hash);
        _carried = CarriedStates.Create(model, options);
        _sampler = new BatchSampler(
            data.Training, options.BatchSize, context, options.Seed, options.GradientAccumulation,
            _carried == null ? SamplingOrder.Shuffled : SamplingOrder.Contiguous);
        if (data.Validation != null)
        {
            var window = context == model.Config.ContextLength ? model.Config.EvaluationLength : context;
            var windows = Math.Max(1, options.BatchSize * context / window); // about as many tokens as a training batch
            _training = new LossEvaluation(data.Training, tokenizer, windows, window, options.EvaluationBatches);
            _validation = new LossEvaluation(data.Validation, tokenizer, windows, window, options.EvaluationBatches);
        }
        _inputs = new int[options.BatchSize * context];
        _targets = new int[options.BatchSize * context];
    }

    /// <inheritdoc/>
    public ParameterSet Parameters => _model.Parameters;

    /// <inheritdoc/>
    public string DataHash { get; }

    /// <inheritdoc/>
    public string TokenizerHash => _tokenizer.Hash;

    /// <inheritdoc/>
    public PassSize Size(long step, int microStep) => new(_sampler.BatchSize, _inputs.Length, _inputs.Length);

    /// <inheritdoc/>
    public Tensor Loss(long step, int microStep, ForwardContext context)
    {
        _sampler.Fill(step, microStep, _inputs, _targets);
        context.Memory = _carried?.Begin(_sampler, step, microStep);
        return _model.Loss(_inputs, _targets, _sampler.BatchSize, context);
    }

    /// <inheritdoc/>
    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => _training == null || _validation == null ? null : (_training.Measure(_model, tape), _validation.Measure(_model, tape));

    /// <inheritdoc/>
    public void Save(string folder)
    {
        _tokenizer.Save(folder);
        ModelFolder.Save(_model, folder);
    }

    /// <inheritdoc/>
    public void SaveState(string folder) => _carried?.Save(folder);

    /// <inheritdoc/>
    public void LoadState(string folder) => _carried?.Load(folder);

    /// <inheritdoc/>
    public void Forget() => _carried?.Clear();

    /// <summary>Gives the states back that a recurrent model carries; model and data are the caller's.</summary>
    public void Dispose() => _carried?.Dispose();
}

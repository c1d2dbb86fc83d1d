using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>
/// A model that learns to fill gaps in windows of a text, which may hold the end of one document and the beginning of the next (RoBERTa's
/// FULL-SENTENCES, Liu et al. 2019). A window is masked anew each time that it is drawn.
/// </summary>
public sealed class MaskedLanguageModelTask : ITrainingTask
{
    private const int TokensPerPass = 4096; // of an evaluation, which holds the scores of all gaps of a pass

    private readonly Bert _model;
    private readonly Tokenizer _tokenizer;
    private readonly BatchSampler _sampler;
    private readonly TokenMasking _masking;
    private readonly MaskedEvaluation? _training;
    private readonly MaskedEvaluation? _validation;
    private readonly ulong _key;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)
    private readonly int[] _lengths; // (batch): all of the context
    private (long Step, int MicroStep) _filled = (-1, -1); // the pass that inputs and targets hold
    private int _masked; // gaps of that pass

    /// <summary>Joins a model with its data.</summary>
    /// <param name="model">The model, trained in place; the caller keeps it.</param>
    /// <param name="tokenizer">The tokenizer that made the data; it has the special token <see cref="Tokenizer.Mask"/>.</param>
    /// <param name="data">The tokens; the caller keeps them.</param>
    /// <param name="options">The run's options: batches, seed and evaluations follow from them.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidDataException">
    /// The text is shorter than the context, model and tokenizer do not belong together, or the tokenizer has no mask.
    /// </exception>
    public MaskedLanguageModelTask(Bert model, Tokenizer tokenizer, TrainingData data, TrainingOptions options)
    {
        options.Validate();
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        var context = options.ContextLength ?? model.Config.ContextLength;
        if (context > model.Config.ContextLength)
        {
            throw new ArgumentException($"ContextLength is {context}; the model's is only {model.Config.ContextLength}.", nameof(options));
        }
        data.Training.RequireContext(context);
        (_model, _tokenizer, DataHash) = (model, tokenizer, data.Hash);
        _sampler = new BatchSampler(data.Training, options.BatchSize, context, options.Seed, options.GradientAccumulation);
        _masking = new TokenMasking(tokenizer);
        _key = CounterRandom.Derive(options.Seed, ~0UL); // another stream than the sampler's and dropout's
        if (data.Validation != null)
        {
            var windows = Math.Max(1, TokensPerPass / context);
            var passes = Math.Max(1, options.EvaluationBatches * options.BatchSize / windows); // about as many tokens as the batches asked for
            _training = new MaskedEvaluation(data.Training, tokenizer, windows, context, passes);
            _validation = new MaskedEvaluation(data.Validation, tokenizer, windows, context, passes);
        }
        _inputs = new int[options.BatchSize * context];
        _targets = new int[options.BatchSize * context];
        _lengths = [.. Enumerable.Repeat(context, options.BatchSize)];
    }

    /// <inheritdoc/>
    public ParameterSet Parameters => _model.Parameters;

    /// <inheritdoc/>
    public string DataHash { get; }

    /// <inheritdoc/>
    public string TokenizerHash => _tokenizer.Hash;

    /// <inheritdoc/>
    public PassSize Size(long step, int microStep)
    {
        Fill(step, microStep);
        return new PassSize(_sampler.BatchSize, _inputs.Length, _masked);
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int microStep, ForwardContext context)
    {
        Fill(step, microStep);
        return _model.Loss(_inputs, _lengths, _targets, context);
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

    /// <summary>Does nothing: model and data are the caller's.</summary>
    public void Dispose()
    {
    }

    private void Fill(long step, int microStep)
    {
        if (_filled == (step, microStep))
        {
            return;
        }
        _sampler.Fill(step, microStep, _inputs, _targets);
        // Keyed by a window's place in the step: its gaps do not depend on how the step is divided into passes.
        var key = CounterRandom.Derive(CounterRandom.Derive(_key, (ulong)step), 0);
        _masked = _masking.Apply(key, _inputs, _lengths, _targets, (long)microStep * _sampler.BatchSize);
        _filled = (step, microStep);
    }
}

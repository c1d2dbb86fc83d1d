using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>A sequence-to-sequence model that learns from sentence pairs. Its batch size counts tokens, not sequences.</summary>
public sealed class TranslationTask : ITrainingTask
{
    private readonly ISequenceToSequence _model;
    private readonly Tokenizer _tokenizer;
    private readonly TranslationLanguages _languages;
    private readonly PairSampler _sampler;
    private readonly PairLossEvaluation _training;
    private readonly PairLossEvaluation _validation;
    private readonly int _microSteps;

    /// <summary>Joins a model with its data.</summary>
    /// <param name="model">The model, trained in place; the caller keeps it.</param>
    /// <param name="tokenizer">The tokenizer of both languages.</param>
    /// <param name="languages">The languages; where there are several targets, the tokenizer has the <see cref="TranslationLanguages.Tag"/> of each.</param>
    /// <param name="data">The sentence pairs.</param>
    /// <param name="options">The run's options: the batch size counts the tokens of a batch's longer side.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidDataException">Model, tokenizer and languages do not belong together.</exception>
    public TranslationTask(
        ISequenceToSequence model, Tokenizer tokenizer, TranslationLanguages languages, TranslationData data, TrainingOptions options)
    {
        options.Validate();
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        languages.Mark(tokenizer);
        (_model, _tokenizer, _languages, DataHash, _microSteps) = (model, tokenizer, languages, data.Hash, options.GradientAccumulation);
        _sampler = new PairSampler(data.Training, options.BatchSize, options.Seed);
        _training = new PairLossEvaluation(data.Training, options.BatchSize, maximumPairs: data.Validation.Count);
        _validation = new PairLossEvaluation(data.Validation, options.BatchSize);
    }

    /// <inheritdoc/>
    public ParameterSet Parameters => _model.Parameters;

    /// <inheritdoc/>
    public string DataHash { get; }

    /// <inheritdoc/>
    public string TokenizerHash => _tokenizer.Hash;

    /// <inheritdoc/>
    public PassSize Size(long step, int microStep) => _sampler.Size((step * _microSteps) + microStep);

    /// <inheritdoc/>
    public Tensor Loss(long step, int microStep, ForwardContext context)
        => _model.Loss(_sampler.Fill((step * _microSteps) + microStep), context);

    /// <inheritdoc/>
    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => (_training.Measure(_model, tape), _validation.Measure(_model, tape));

    /// <inheritdoc/>
    public void Save(string folder)
    {
        _tokenizer.Save(folder);
        SequenceToSequenceFolder.Save(_model, folder);
        _languages.Save(folder);
    }

    /// <summary>Does nothing: model and data are the caller's.</summary>
    public void Dispose()
    {
    }
}

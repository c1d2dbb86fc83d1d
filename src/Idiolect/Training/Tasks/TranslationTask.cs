using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>A sequence-to-sequence model that learns from sentence pairs. Its batch size counts tokens, not sequences.</summary>
internal sealed class TranslationTask : ITrainingTask
{
    private readonly Translator _translator;
    private readonly PairSampler _sampler;
    private readonly PairLossEvaluation _training;
    private readonly PairLossEvaluation _validation;
    private readonly int _microSteps;

    internal TranslationTask(Translator translator, TranslationData data, TrainingOptions options)
    {
        options.Validate();
        (_translator, DataHash, _microSteps) = (translator, data.Hash, options.GradientAccumulation);
        TokenizerHash = translator.Tokenizer.Hash;
        _sampler = new PairSampler(data.Training, options.BatchSize, options.Seed);
        _training = new PairLossEvaluation(data.Training, options.BatchSize, maximumPairs: data.Validation.Count);
        _validation = new PairLossEvaluation(data.Validation, options.BatchSize);
    }

    public ParameterSet Parameters => _translator.Model.Parameters;

    public string DataHash { get; }

    public string TokenizerHash { get; }

    public Tensor Loss(long step, int microStep, ForwardContext context, out PassSize size)
        => _translator.Model.Loss(_sampler.Fill((step * _microSteps) + microStep, out size), context);

    public (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape)
        => (_training.Measure(_translator.Model, tape), _validation.Measure(_translator.Model, tape));

    public void Dispose()
    {
    }

    public void Save(string folder) => _translator.Save(folder);
}

using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>A language model that learns from random tokens, new ones each step: for the time that it takes, not for what it learns.</summary>
internal sealed class RandomTokens(ILanguageModel model, TrainingOptions options) : ITrainingTask
{
    private readonly int[] _tokens = new int[(options.BatchSize * model.Config.ContextLength) + 1]; // inputs; targets are those after each

    public ParameterSet Parameters => model.Parameters;

    /// <summary>Tokens of an update.</summary>
    internal long TokensPerStep => (long)(_tokens.Length - 1) * options.GradientAccumulation;

    public PassSize Size(long step, int microStep) => new(options.BatchSize, _tokens.Length - 1, _tokens.Length - 1);

    public Tensor Loss(long step, int microStep, ForwardContext context)
    {
        var key = CounterRandom.Derive(options.Seed, (ulong)((step * options.GradientAccumulation) + microStep));
        for (var i = 0; i < _tokens.Length; i++)
        {
            _tokens[i] = (int)(CounterRandom.Uniform(key, (ulong)i) * model.Config.VocabularySize);
        }
        return model.Loss(_tokens.AsSpan(0, _tokens.Length - 1), _tokens.AsSpan(1), options.BatchSize, context);
    }

    public void Save(string folder) => throw new NotSupportedException("What was learned from random tokens is not worth keeping.");
}

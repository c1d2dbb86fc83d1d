using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>The optimiser that the options ask for.</summary>
internal static class ConfiguredOptimizer
{
    /// <summary>Makes it.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="options">Its kind and its numbers.</param>
    internal static Optimizer Create(ParameterSet parameters, TrainingOptions options)
    {
        var adamW = new AdamWOptions
        {
            Beta1 = options.Beta1,
            Beta2 = options.Beta2,
            Epsilon = options.Epsilon,
            WeightDecay = options.WeightDecay,
            L1 = options.L1,
            L2 = options.L2,
        };
        return options.Optimizer == OptimizerKind.Muon
            ? new MuonOptimizer(parameters, new MuonOptions { WeightDecay = options.WeightDecay, Precision = options.Precision, Others = adamW })
            : new AdamWOptimizer(parameters, adamW);
    }
}

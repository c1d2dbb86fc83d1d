using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The Euclidean norm of all gradients of a model, and which number spoiled it.</summary>
internal static unsafe class GradientNorm
{
    /// <summary>The norm; not finite when a gradient is not.</summary>
    internal static double Of(Team team, ParameterSet parameters)
        => Math.Sqrt(SquaredNorm.Compute(team, parameters.Gradients, parameters.FlatLength));

    /// <summary>The first parameter, in the order of the model, with a value that is not finite; null if there is none.</summary>
    internal static Parameter? FirstBadValue(ParameterSet parameters)
        => parameters.All.FirstOrDefault(parameter => Finite.FirstBad(parameter.Data, parameter.Count) >= 0);

    /// <summary>The first parameter, in the order of the model, with a gradient that is not finite; null if there is none.</summary>
    internal static Parameter? FirstBadGradient(ParameterSet parameters)
        => parameters.All.FirstOrDefault(parameter => Finite.FirstBad(parameter.Gradient, parameter.Count) >= 0);
}

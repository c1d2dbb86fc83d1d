using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>The numbers of <see cref="MuonOptimizer"/> that stay from step to step.</summary>
public sealed record MuonOptions
{
    /// <summary>The decay of the sum of gradients: Jordan's, and Liu et al.'s.</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Decoupled weight decay of the hidden matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>How operands of its own matrix products are rounded.</summary>
    public Precision Precision { get; init; } = Precision.Fp32;

    /// <summary>For the parameters that are no hidden matrices.</summary>
    public AdamWOptions Others { get; init; } = new();
}

/// <summary>
/// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"), scaled as by Liu et al. 2025, for the hidden matrices
/// of a model, and AdamW with the same learning rate for embeddings, output layers, gains and biases.
/// </summary>
public sealed class MuonOptimizer : Optimizer
{
    private readonly MuonOptions _options;
    private readonly AdamWOptimizer _others;
    private readonly MuonUpdate _update;

    /// <summary>Makes momenta of zero for all parameters that learn; which these are may not change from here on.</summary>
    /// <param name="parameters">What is trained; the caller keeps it, for longer than the optimiser.</param>
    /// <param name="options">The numbers that stay.</param>
    public MuonOptimizer(ParameterSet parameters, MuonOptions options)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _others = new AdamWOptimizer(parameters, options.Others, parameter => parameter.RequiresGradient && !Takes(parameter));
        _update = new MuonUpdate(parameters);
    }

    /// <summary>Of each hidden matrix the momentum, of the other parameters AdamW's moments.</summary>
    public override IEnumerable<OptimizerMemory> Memory
        => _others.Memory.Concat(_update.Momentum.Select(entry => new OptimizerMemory($"momentum.{entry.Parameter.Name}", entry.Momentum)));

    /// <summary>Whether a parameter is for Muon.</summary>
    internal static bool Takes(Parameter parameter) => MuonUpdate.Takes(parameter);

    /// <inheritdoc/>
    protected override void Update(OptimizerStep step)
    {
        _others.Apply(step);
        _update.Step(step.Team, new MuonParameters(step.LearningRate, _options.Momentum, _options.WeightDecay, step.GradientScale), _options.Precision);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _others.Dispose();
        _update.Dispose();
        base.Dispose(disposing);
    }
}

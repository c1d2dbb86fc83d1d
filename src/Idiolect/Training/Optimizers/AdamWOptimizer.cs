using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>The numbers of <see cref="AdamWOptimizer"/> that stay from step to step.</summary>
public sealed record AdamWOptions
{
    /// <summary>The decay of the mean gradient (Kingma and Ba 2015, algorithm 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the mean squared gradient; 0.99 suits small batches, 0.95 large ones.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>The guard against division by zero.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, of matrices only.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>The weight of the sum of absolute parameters in the loss.</summary>
    public double L1 { get; init; }

    /// <summary>The weight of half the sum of squared parameters in the loss.</summary>
    public double L2 { get; init; }
}

/// <summary>AdamW (Loshchilov and Hutter 2019, "Decoupled weight decay regularization"), with weight decay on matrices only.</summary>
public sealed class AdamWOptimizer : Optimizer
{
    private readonly AdamWOptions _options;
    private readonly AdamWUpdate _update;

    /// <summary>Makes moments of zero for all parameters that learn; which these are may not change from here on.</summary>
    /// <param name="parameters">What is trained; the caller keeps it, for longer than the optimiser.</param>
    /// <param name="options">The numbers that stay.</param>
    public AdamWOptimizer(ParameterSet parameters, AdamWOptions options)
        : this(parameters, options, parameter => parameter.RequiresGradient)
    {
    }

    internal AdamWOptimizer(ParameterSet parameters, AdamWOptions options, Func<Parameter, bool> takes)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _update) = (options, new AdamWUpdate(parameters, takes));
    }

    /// <summary>Of each parameter the first and the second moment.</summary>
    public override IEnumerable<OptimizerMemory> Memory => _update.Moments.SelectMany(moments => new OptimizerMemory[]
    {
        new($"first_moment.{moments.Parameter.Name}", moments.First),
        new($"second_moment.{moments.Parameter.Name}", moments.Second),
    });

    /// <summary>The update without what the base class does after it.</summary>
    internal void Apply(OptimizerStep step) => _update.Step(step.Team, new AdamWParameters
    {
        LearningRate = step.LearningRate,
        Beta1 = _options.Beta1,
        Beta2 = _options.Beta2,
        Epsilon = _options.Epsilon,
        WeightDecay = _options.WeightDecay,
        L1 = _options.L1,
        L2 = _options.L2,
        GradientScale = step.GradientScale,
        BiasCorrection1 = 1 - Math.Pow(_options.Beta1, step.Updates + 1),
        BiasCorrection2 = 1 - Math.Pow(_options.Beta2, step.Updates + 1),
    });

    /// <inheritdoc/>
    protected override void Update(OptimizerStep step) => Apply(step);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _update.Dispose();
        base.Dispose(disposing);
    }
}

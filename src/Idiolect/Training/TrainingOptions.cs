using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Idiolect.Kernels;

namespace Idiolect.Training;

/// <summary>
/// How a model is trained; every value has a default: <c>new TrainingOptions { Steps = 500 }</c>. What the model is (dropout
/// included) stands in its own configuration.
/// </summary>
/// <remarks>
/// The values are constructor parameters because the JSON source generator keeps the defaults of those, but sets init-only
/// properties that a file leaves out to zero.
/// </remarks>
/// <param name="Steps">The number of optimiser steps.</param>
/// <param name="BatchSize">Sequences in a forward pass.</param>
/// <param name="ContextLength">Tokens in a sequence; null for the model's context length.</param>
/// <param name="GradientAccumulation">
/// Forward and backward passes in a step; each weighs as much as it counts tokens, so that they give the gradient of one large batch. Several ranks
/// (<see cref="IGradientSynchronizer"/>) divide the passes among themselves.
/// </param>
/// <param name="LearningRate">The peak learning rate.</param>
/// <param name="MinimumLearningRateFraction">The last learning rate as a fraction of the peak.</param>
/// <param name="WarmupSteps">Steps of linear rise at the start.</param>
/// <param name="Schedule">The course of the learning rate after warm-up.</param>
/// <param name="DecayFraction">The part of all steps that <see cref="ScheduleShape.WarmupStableDecay"/> decays over.</param>
/// <param name="Beta1">AdamW's decay of the mean gradient (Kingma and Ba 2015, algorithm 1).</param>
/// <param name="Beta2">AdamW's decay of the mean squared gradient; 0.99 suits small batches, 0.95 large ones.</param>
/// <param name="Epsilon">AdamW's guard against division by zero.</param>
/// <param name="WeightDecay">Decoupled weight decay, of matrices only (Loshchilov and Hutter 2019).</param>
/// <param name="L1">The weight of the sum of absolute parameters in the loss.</param>
/// <param name="L2">
/// The weight of half the sum of squared parameters in the loss (unlike weight decay it passes through Adam).
/// </param>
/// <param name="GradientClip">
/// Gradients with a larger norm are scaled down to this one (Pascanu et al. 2013); 0 for no clipping.
/// </param>
/// <param name="EvaluateEvery">Steps from one evaluation to the next; 0 for none but the last.</param>
/// <param name="EvaluationBatches">Batches in an evaluation, each of training and of validation data.</param>
/// <param name="CheckpointEvery">Steps from one checkpoint to the next; 0 for none but the last and the best.</param>
/// <param name="KeepCheckpoints">Checkpoints kept, the newest ones; the best is kept besides.</param>
/// <param name="EarlyStopPatience">Stop after this many evaluations without a better one; null to go on.</param>
/// <param name="Seed">The seed of all random numbers.</param>
/// <param name="Precision">
/// How operands of matrix products are rounded. Weights, gradients, moments, sums and everything that is no matrix product stay
/// fp32 (Micikevicius et al. 2018; Kalamkar et al. 2019).
/// </param>
/// <param name="Optimizer">How parameters follow their gradients; both use the same learning rate and weight decay.</param>
/// <param name="Recompute">
/// Keep only the input of each block of a transformer and compute its inside again in the backward pass (Chen et al. 2016, "Training
/// deep nets with sublinear memory cost"): less memory, a third more arithmetic, the same bits. Not part of the JSON.
/// </param>
/// <param name="Threads">
/// Threads to train on; 0 for all processors. Not part of the JSON: results do not depend on it, checkpoints included.
/// </param>
public sealed record TrainingOptions(
    long Steps = 1000,
    int BatchSize = 16,
    int? ContextLength = null,
    int GradientAccumulation = 1,
    double LearningRate = 1e-3,
    double MinimumLearningRateFraction = 0.1,
    long WarmupSteps = 0,
    ScheduleShape Schedule = ScheduleShape.Cosine,
    double DecayFraction = 0.3,
    double Beta1 = 0.9,
    double Beta2 = 0.99,
    double Epsilon = 1e-8,
    double WeightDecay = 0.1,
    double L1 = 0,
    double L2 = 0,
    double GradientClip = 1,
    long EvaluateEvery = 250,
    int EvaluationBatches = 20,
    long CheckpointEvery = 250,
    int KeepCheckpoints = 2,
    int? EarlyStopPatience = null,
    ulong Seed = 1337,
    Precision Precision = Precision.Fp32,
    OptimizerKind Optimizer = OptimizerKind.AdamW,
    [property: JsonIgnore] bool Recompute = false,
    [property: JsonIgnore] int Threads = 0)
{
    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One makes no sense; the message says which, and what is allowed.</exception>
    public void Validate()
    {
        Require(Steps > 0, Steps, "must be at least 1");
        Require(BatchSize > 0, BatchSize, "must be at least 1");
        Require(ContextLength is null or > 0, ContextLength, "must be at least 1");
        Require(GradientAccumulation > 0, GradientAccumulation, "must be at least 1");
        Require(Enum.IsDefined(Precision), Precision, "is no known precision");
        Require(Enum.IsDefined(Optimizer), Optimizer, "is no known optimizer");
        Require(Optimizer != OptimizerKind.Muon || (L1 == 0 && L2 == 0), Optimizer, "takes no L1 or L2 penalty; use AdamW or weight decay");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), LearningRate, "must be a positive number");
        Require(MinimumLearningRateFraction is >= 0 and <= 1, MinimumLearningRateFraction, "must lie between 0 and 1");
        Require(WarmupSteps >= 0 && WarmupSteps <= Steps, WarmupSteps, $"must lie between 0 and Steps ({Steps})");
        Require(Enum.IsDefined(Schedule), Schedule, "is no known schedule");
        Require(DecayFraction is > 0 and <= 1, DecayFraction, "must be above 0 and at most 1");
        Require(Beta1 is >= 0 and < 1, Beta1, "must be at least 0 and below 1");
        Require(Beta2 is >= 0 and < 1, Beta2, "must be at least 0 and below 1");
        Require(Epsilon > 0 && double.IsFinite(Epsilon), Epsilon, "must be a positive number");
        RequireNotNegative(WeightDecay);
        RequireNotNegative(L1);
        RequireNotNegative(L2);
        RequireNotNegative(GradientClip);
        Require(EvaluateEvery >= 0, EvaluateEvery, "must be at least 0");
        Require(EvaluationBatches > 0, EvaluationBatches, "must be at least 1");
        Require(CheckpointEvery >= 0, CheckpointEvery, "must be at least 0");
        Require(KeepCheckpoints > 0, KeepCheckpoints, "must be at least 1");
        Require(EarlyStopPatience is null or > 0, EarlyStopPatience, "must be at least 1");
        Require(Threads >= 0, Threads, "must be at least 0");
    }

    private static void RequireNotNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "")
        => Require(value >= 0 && double.IsFinite(value), value, "must be 0 or a positive number", name);

    private static void Require<T>(bool condition, T value, string rule, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!condition)
        {
            throw new ArgumentException($"{name} is {value}; it {rule}.", name);
        }
    }
}

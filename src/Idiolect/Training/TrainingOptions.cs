using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace Idiolect.Training;

/// <summary>How a model is trained. What the model is (dropout included) stands in its own configuration.</summary>
public sealed record TrainingOptions
{
    /// <summary>The number of optimiser steps.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>Sequences in a forward pass.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Tokens in a sequence; null for the model's context length.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Forward and backward passes in a step; their gradients are averaged.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The last learning rate as a fraction of the peak.</summary>
    public double MinimumLearningRateFraction { get; init; } = 0.1;

    /// <summary>Steps of linear rise at the start.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The course of the learning rate after warm-up.</summary>
    public ScheduleShape Schedule { get; init; } = ScheduleShape.Cosine;

    /// <summary>The part of all steps that <see cref="ScheduleShape.WarmupStableDecay"/> decays over.</summary>
    public double DecayFraction { get; init; } = 0.3;

    /// <summary>AdamW's decay of the mean gradient (Kingma and Ba 2015, algorithm 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the mean squared gradient; 0.99 suits small batches, 0.95 large ones.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>AdamW's guard against division by zero.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, of matrices only (Loshchilov and Hutter 2019).</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>The weight of the sum of absolute parameters in the loss.</summary>
    public double L1 { get; init; }

    /// <summary>The weight of half the sum of squared parameters in the loss (unlike weight decay it passes through Adam).</summary>
    public double L2 { get; init; }

    /// <summary>Gradients with a larger norm are scaled down to this one (Pascanu et al. 2013); 0 for no clipping.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Steps from one evaluation to the next; 0 for none but the last.</summary>
    public long EvaluateEvery { get; init; } = 250;

    /// <summary>Batches in an evaluation, each of training and of validation data.</summary>
    public int EvaluationBatches { get; init; } = 20;

    /// <summary>Steps from one checkpoint to the next; 0 for none but the last and the best.</summary>
    public long CheckpointEvery { get; init; } = 250;

    /// <summary>Checkpoints kept, the newest ones; the best is kept besides.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Stop after this many evaluations without a better one; null to go on.</summary>
    public int? EarlyStopPatience { get; init; }

    /// <summary>The seed of all random numbers.</summary>
    public ulong Seed { get; init; } = 1337;

    /// <summary>
    /// Threads to train on; 0 for all processors. Not part of the JSON: results do not depend on it, checkpoints included.
    /// </summary>
    [JsonIgnore]
    public int Threads { get; init; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One makes no sense; the message says which, and what is allowed.</exception>
    public void Validate()
    {
        Require(Steps > 0, Steps, "must be at least 1");
        Require(BatchSize > 0, BatchSize, "must be at least 1");
        Require(ContextLength is null or > 0, ContextLength, "must be at least 1");
        Require(GradientAccumulation > 0, GradientAccumulation, "must be at least 1");
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

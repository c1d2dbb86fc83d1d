using Idiolect.Kernels;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>How a recipe's model is trained, in the terms of the trainer.</summary>
public static class RecipeTraining
{
    /// <summary>The options of the trainer.</summary>
    /// <param name="recipe">The recipe.</param>
    public static TrainingOptions ToTrainingOptions(this Recipe recipe)
    {
        var (optimizer, evaluation) = (recipe.Optimizer, recipe.Evaluation);
        return new TrainingOptions(
            Steps: optimizer.Steps,
            BatchSize: optimizer.BatchSize,
            // A model that exists may be trained on shorter windows than it was made for.
            ContextLength: recipe.Base is null || recipe.Classifies ? null : recipe.Model.ContextLength,
            GradientAccumulation: optimizer.GradientAccumulation,
            LearningRate: optimizer.LearningRate,
            MinimumLearningRateFraction: optimizer.LearningRate > 0 ? optimizer.MinimumLearningRate / optimizer.LearningRate : 0,
            WarmupSteps: optimizer.WarmupSteps,
            Schedule: optimizer.Schedule switch
            {
                "constant" => ScheduleShape.Constant,
                "wsd" => ScheduleShape.WarmupStableDecay,
                "inverse-sqrt" => ScheduleShape.InverseSquareRoot,
                _ => ScheduleShape.Cosine,
            },
            Beta1: optimizer.Beta1,
            Beta2: optimizer.Beta2,
            WeightDecay: optimizer.WeightDecay,
            L1: optimizer.L1,
            L2: optimizer.L2,
            GradientClip: optimizer.GradientClip,
            EvaluateEvery: evaluation.Every,
            EvaluationBatches: evaluation.Batches,
            CheckpointEvery: evaluation.CheckpointEvery,
            KeepCheckpoints: evaluation.KeepCheckpoints,
            EarlyStopPatience: evaluation.EarlyStop,
            Seed: recipe.Seed,
            Optimizer: optimizer.Kind == OptimizerRecipe.Muon ? OptimizerKind.Muon : OptimizerKind.AdamW,
            Recompute: optimizer.Recompute,
            Precision: recipe.Precision == "bf16" ? Precision.Bf16 : Precision.Fp32,
            Threads: recipe.Threads ?? 0);
    }
}

namespace Idiolect.Recipes;

public sealed partial record Recipe
{
    internal const string TuningPreset = "tune";

    // Plausible, not tuned. A head alone is a convex problem and takes larger steps.
    private const double TuningLearningRate = 1e-3;
    private const double HeadLearningRate = 1e-2;
    private const int LongestTuningWarmup = 100;

    /// <summary>What classifiers start from; not a preset, since its model is another run's.</summary>
    public static Recipe Tuning { get; } = new Recipe
    {
        PresetName = TuningPreset,
        Task = ClassifyTask,
        Optimizer = new OptimizerRecipe { BatchSize = 32, WeightDecay = 0.01 },
    }.WithTuningSteps(300);

    /// <summary>What follows from the steps of a classifier: the learning rate, which falls to its tenth, a warm-up, and four evaluations.</summary>
    /// <param name="steps">Steps to train.</param>
    /// <param name="learningRate">Highest learning rate; null for 0.001, or 0.01 where the head alone learns.</param>
    public Recipe WithTuningSteps(int steps, double? learningRate = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var rate = learningRate ?? (Optimizer.HeadOnly ? HeadLearningRate : TuningLearningRate);
        var every = (int)((steps + 3L) / 4);
        return this with
        {
            Optimizer = Optimizer with
            {
                Steps = steps,
                LearningRate = rate,
                MinimumLearningRate = rate / 10,
                WarmupSteps = Math.Min(steps / 10, LongestTuningWarmup),
            },
            Evaluation = Evaluation with { Every = every, CheckpointEvery = every },
        };
    }
}

namespace Idiolect.Recipes;

/// <summary>How the weights learn: the optimiser, its schedule, and what a step is.</summary>
public sealed record OptimizerRecipe
{
    /// <summary>AdamW for all parameters.</summary>
    public const string AdamW = "adamw";

    /// <summary>Muon for hidden matrices beside AdamW for the rest.</summary>
    public const string Muon = "muon";

    /// <summary>The optimisers.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [AdamW, Muon];

    /// <summary>The schedules of the learning rate.</summary>
    public static IReadOnlyList<string> Schedules { get; } = ["cosine", "wsd", "constant", "inverse-sqrt"];

    /// <summary>One of <see cref="Kinds"/>.</summary>
    public string Kind { get; init; } = AdamW;

    /// <summary>Steps to train.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>Sequences of a pass; in a translation, the tokens of its longer side; in a classification, texts.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Passes whose gradients are summed for one step.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 1;

    /// <summary>Learning rate at the end of a schedule that falls.</summary>
    public double MinimumLearningRate { get; init; }

    /// <summary>Steps in which the learning rate rises.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>One of <see cref="Schedules"/>: down a cosine, flat and then straight down (wsd), flat, or the paper of 2017's.</summary>
    public string Schedule { get; init; } = "cosine";

    /// <summary>Decoupled weight decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>AdamW's decay of the gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the squared gradients.</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>L1 penalty on the weights.</summary>
    public double L1 { get; init; }

    /// <summary>L2 penalty on the weights, inside the gradient.</summary>
    public double L2 { get; init; }

    /// <summary>Norm to which a longer gradient is scaled; 0 clips nothing.</summary>
    public double GradientClip { get; init; } = 1;

    /// <summary>Whether a gpt's blocks are computed again in the backward pass: less memory, more time, the same result.</summary>
    public bool Recompute { get; init; }

    /// <summary>Whether a classifier's head alone learns.</summary>
    public bool HeadOnly { get; init; }
}

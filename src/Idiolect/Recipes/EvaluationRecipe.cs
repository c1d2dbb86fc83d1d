namespace Idiolect.Recipes;

/// <summary>How often a run is measured and saved.</summary>
public sealed record EvaluationRecipe
{
    /// <summary>Steps between evaluations.</summary>
    public int Every { get; init; } = 250;

    /// <summary>Batches of an evaluation.</summary>
    public int Batches { get; init; } = 20;

    /// <summary>Evaluations without improvement that end the run; null never does.</summary>
    public int? EarlyStop { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Checkpoints kept beside the best one.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Whether methods without a neural network are measured on the same text at the end.</summary>
    public bool Baselines { get; init; }
}

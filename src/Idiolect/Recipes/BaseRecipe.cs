namespace Idiolect.Recipes;

/// <summary>The trained model that a run begins with: its weights and its tokenizer, with a fresh optimiser.</summary>
public sealed record BaseRecipe
{
    /// <summary>Its model folder, or a run, whose best checkpoint it then is.</summary>
    public required string Model { get; init; }

    /// <summary>The SHA-256 of its weights, in hexadecimal, so that the same path cannot mean another model unnoticed; null takes what lies there.</summary>
    public string? WeightsHash { get; init; }
}

using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>A folder as <c>info</c> shows it; what a folder lacks is null.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Model">Its model.</param>
/// <param name="Damage">What is wrong with the checkpoint of that model.</param>
/// <param name="Recipe">How it was trained.</param>
/// <param name="History">What happened.</param>
internal sealed record RunInfo(string Folder, ModelSummary? Model, string? Damage, Recipe? Recipe, TrainingHistory History)
{
    private const string Checksums = "checksums.json";

    /// <exception cref="InvalidDataException">The folder holds neither a run nor a model, or a damaged one.</exception>
    internal static RunInfo Load(string folder)
    {
        var (model, damage) = ModelLocation.Find(folder) is null ? (null, null)
            : ModelLocation.Open(folder, found => ((ModelSummary?)ModelSummary.Read(found), FindDamage(found)));
        var isRun = Run.IsRun(folder);
        if (!isRun && model is null)
        {
            throw new InvalidDataException($"{folder} is neither a run nor a model folder: it has no {Run.RecipeName} and no config.json");
        }
        var recipe = isRun && Run.Open(folder) is { HasRecipe: true } run ? run.ReadRecipe() : null;
        return new RunInfo(folder, model, damage, recipe, TrainingHistory.Read(folder));
    }

    /// <summary>What is wrong with a checkpoint; null also for a model folder without checksums, and for one that a training beside has just removed.</summary>
    private static string? FindDamage(string model)
        => File.Exists(Path.Combine(model, Checksums)) && new Checkpoint(0, model).FindDamage() is { } damage && Directory.Exists(model) ? damage : null;
}

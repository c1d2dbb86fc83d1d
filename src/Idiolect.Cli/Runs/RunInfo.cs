using Idiolect.Recipes;

namespace Idiolect.Cli.Runs;

/// <summary>A folder as <c>info</c> shows it; what a folder lacks is null.</summary>
internal sealed record RunInfo(string Folder, ModelSummary? Model, Recipe? Recipe, TrainingHistory History)
{
    /// <exception cref="InvalidDataException">The folder holds neither a run nor a model, or a damaged one.</exception>
    internal static RunInfo Load(string folder)
    {
        var model = ModelLocation.Find(folder) is { } found ? ModelSummary.Read(found) : null;
        return Run.IsRun(folder) ? new RunInfo(folder, model, Run.Open(folder) is { HasRecipe: true } run ? run.ReadRecipe() : null, TrainingHistory.Read(folder))
            : model is not null ? new RunInfo(folder, model, null, TrainingHistory.Read(folder))
            : throw new InvalidDataException($"{folder} is neither a run nor a model folder: it has no {Run.RecipeName} and no config.json");
    }
}

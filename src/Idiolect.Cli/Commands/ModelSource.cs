using Idiolect.Cli.Options;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;

namespace Idiolect.Cli.Commands;

/// <summary>The model that a verb works with.</summary>
internal static class ModelSource
{
    /// <summary>Loads the model of a run, or of a model folder.</summary>
    /// <typeparam name="T">What is loaded.</typeparam>
    /// <param name="run">A path, a name under <c>runs/</c>, <c>latest</c>, or null for the latest.</param>
    /// <param name="load">Loads from the model folder; what it says of a recipe's fields is said of flags.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such run.</exception>
    /// <exception cref="FileNotFoundException">There is no model in its folder.</exception>
    /// <exception cref="InvalidDataException">It holds another kind of model, or is damaged.</exception>
    internal static T Open<T>(string? run, Func<string, T> load)
        => FieldFlags.Named(() => ModelLocation.Open(new NamedRuns(RunFolders.DefaultRoot).Find(run), load));
}

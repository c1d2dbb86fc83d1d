using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>Finds the model in a run's folder, or in a model folder.</summary>
public static class ModelLocation
{
    private const int Attempts = 10;

    /// <summary>The folder that holds <c>config.json</c>: the run's best checkpoint, or the folder itself; null without any.</summary>
    /// <param name="folder">The run or model folder.</param>
    public static string? Find(string folder)
        => File.Exists(Path.Combine(folder, ConfigFile.Name)) ? folder : new CheckpointStore(folder).ModelFolder;

    /// <summary>The same, where there must be one.</summary>
    /// <param name="folder">The run or model folder.</param>
    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    public static string Require(string folder) => Find(folder)
        ?? throw new FileNotFoundException($"{folder} holds no model: it has no {ConfigFile.Name} and no checkpoint");

    /// <summary>
    /// Loads the model of a run or model folder; of a run's damaged checkpoint the error names one that is intact. A checkpoint that a training beside
    /// removes meanwhile, because it has newer ones, is given up for one of those.
    /// </summary>
    /// <typeparam name="T">What is loaded.</typeparam>
    /// <param name="folder">The run or model folder.</param>
    /// <param name="load">Loads from the model folder, such as <see cref="Generation.LanguageModel.Load(string)"/>.</param>
    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    /// <exception cref="InvalidDataException">The folder is a damaged checkpoint.</exception>
    public static T Open<T>(string folder, Func<string, T> load)
    {
        ArgumentNullException.ThrowIfNull(load);
        for (var attempt = 1; ; attempt++)
        {
            var model = Require(folder);
            try
            {
                return load(model);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                if (!Directory.Exists(model) && attempt < Attempts)
                {
                    continue; // pruned
                }
                if (DescribeDamage(Path.GetFullPath(model)) is { } damage)
                {
                    throw new InvalidDataException(damage, exception);
                }
                throw;
            }
        }
    }

    private static string? DescribeDamage(string model)
    {
        if (Path.GetDirectoryName(Path.GetDirectoryName(model)) is not { } run)
        {
            return null;
        }
        var store = new CheckpointStore(run);
        return store.Checkpoints.FirstOrDefault(checkpoint => checkpoint.Path == model)?.FindDamage() is not { } damage ? null
            : $"the checkpoint {model} is damaged ({damage}); "
            + (store.FindNewestIntact(out _) is { } intact ? $"{intact.Path} is intact, give that instead" : "the run has no intact one");
    }
}

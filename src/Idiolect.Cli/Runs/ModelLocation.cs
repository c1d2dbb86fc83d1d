using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>Finds the model in a run's folder, or in a model folder.</summary>
internal static class ModelLocation
{
    /// <summary>The folder that holds <c>config.json</c>: the run's best checkpoint, or the folder itself; null without any.</summary>
    internal static string? Find(string folder) =>
        File.Exists(Path.Combine(folder, "config.json")) ? folder : new CheckpointStore(folder).ModelFolder;

    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    /// <exception cref="InvalidDataException">The model translates and writes nothing else.</exception>
    internal static LanguageModel Load(string folder) => Open(Require(folder), model =>
        ClassifierFolder.LoadLabels(model) is not null
        ? throw new InvalidDataException($"{folder} holds a classifier, which continues no text: let it `classify`")
        : SequenceToSequenceFolder.LoadConfig(model) is null
        ? LanguageModel.Load(model)
        : throw new InvalidDataException($"{folder} holds an encoder-decoder, which continues no text: let it `translate`"));

    /// <summary>Loads from a model folder; of a run's damaged checkpoint the error names one that is intact.</summary>
    /// <exception cref="InvalidDataException">The folder is a damaged checkpoint.</exception>
    internal static T Open<T>(string model, Func<string, T> load)
    {
        try
        {
            return load(model);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && DescribeDamage(Path.GetFullPath(model)) is { } damage)
        {
            throw new InvalidDataException(damage, exception);
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

    /// <summary>The folder of a model for a run by its name, a path, or null for the latest run.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such run.</exception>
    /// <exception cref="FileNotFoundException">There is no model in its folder.</exception>
    internal static string Named(string? run) => Require(new RunFolders(RunFolders.DefaultRoot).Find(run));

    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    internal static string Require(string folder) => Find(folder)
        ?? throw new FileNotFoundException($"{folder} holds no model: it has no config.json and no checkpoint");
}

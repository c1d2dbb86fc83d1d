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
    internal static LanguageModel Load(string folder)
    {
        var model = Require(folder);
        return ClassifierFolder.LoadLabels(model) is not null
            ? throw new InvalidDataException($"{folder} holds a classifier, which continues no text: let it `classify`")
            : SequenceToSequenceFolder.LoadConfig(model) is null
            ? LanguageModel.Load(model)
            : throw new InvalidDataException($"{folder} holds an encoder-decoder, which continues no text: let it `translate`");
    }

    /// <summary>The same for a run by its name, a path, or null for the latest run.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such run.</exception>
    /// <exception cref="FileNotFoundException">There is no model in its folder.</exception>
    internal static string Named(string? run) => Require(new RunFolders(RunFolders.DefaultRoot).Find(run));

    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    internal static string Require(string folder) => Find(folder)
        ?? throw new FileNotFoundException($"{folder} holds no model: it has no config.json and no checkpoint");
}

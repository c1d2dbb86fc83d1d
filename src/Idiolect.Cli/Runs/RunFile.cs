using System.Text.Json;

using Idiolect.Cli.Options;
using Idiolect.Formats;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>The files that the CLI keeps in a run's folder, beside the checkpoints.</summary>
internal static class RunFile
{
    internal const string Setup = "setup.json";

    /// <summary>Without the ending: .svg and .png.</summary>
    internal const string LossPlot = "loss", ConfusionPlot = "confusion";

    /// <summary>Of a translation: source, reference and translation of each test sentence, separated by tabs.</summary>
    internal const string Translations = "translations.tsv";

    internal static bool IsRun(string folder) => File.Exists(Path.Combine(folder, Setup)) || File.Exists(Path.Combine(folder, MetricsLog.FileName));

    /// <summary>As its newest checkpoint has it.</summary>
    internal static long StepsTaken(string folder) => new CheckpointStore(folder).Checkpoints is [var newest, ..] ? newest.Step : 0;

    internal static void WriteSetup(string folder, TrainingSetup setup) =>
        AtomicFile.Write(Path.Combine(folder, Setup), JsonSerializer.Serialize(setup, SetupJson.Default.TrainingSetup) + "\n");

    /// <exception cref="FileNotFoundException">The folder is no run.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or a value in it makes no sense.</exception>
    internal static TrainingSetup ReadSetup(string folder)
    {
        var file = Path.Combine(folder, Setup);
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{folder} is no run that can go on: it has no {Setup}", file);
        }
        try
        {
            var setup = JsonSerializer.Deserialize(File.ReadAllText(file), SetupJson.Default.TrainingSetup)
                ?? throw new InvalidDataException($"{file}: expected an object, found null");
            return setup.FindNonsense() is { } nonsense ? throw new InvalidDataException($"{file}: {nonsense}") : setup;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{file}: {exception.Message}", exception);
        }
    }
}

using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect train</c>: pre-trains a model, or goes on with a run.</summary>
internal static class TrainCommand
{
    internal static Command Create(Terminal terminal)
    {
        var flags = new TrainingFlags();
        var name = Flag.Text("--name", "Name of the run under runs/  [made up]", "NAME");
        var folder = Flag.Text("--out", "Folder of the run, instead of a name under runs/", "DIR");
        var resume = Flag.Text("--resume", "Go on with a run from its last checkpoint", "RUN");
        resume.CompletionSources.Add(_ => new RunFolders(RunFolders.DefaultRoot).Names());
        var json = Flag.Json();
        var command = new Command("train", "Pre-train a GPT on text");
        foreach (var option in flags.All.Concat([name, folder, resume, json]))
        {
            command.Add(option);
        }
        command.WithExamples(
            "idiolect train",
            "idiolect train --data book.txt --tokenizer char --depth 4",
            "idiolect train --preset nanogpt-cpu --data tinyshakespeare.txt",
            "idiolect train --data 'notes/**/*.md' --steps 500 --name notes",
            "idiolect train --resume latest --steps 3000");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ITrainingOutput output = parsed.GetValue(json) ? new JsonTrainingOutput(terminal.Out)
                : terminal.Live ? new LiveTrainingOutput(terminal.CreateConsole(), TimeProvider.System)
                : new PlainTrainingOutput(terminal.Out, TimeProvider.System);
            var runs = new RunFolders(RunFolders.DefaultRoot);
            if (parsed.GetValue(resume) is { } earlier)
            {
                RejectBoth(parsed, resume, name, folder);
                var found = runs.Find(earlier);
                var setup = flags.ResolveResumed(RunFile.ReadSetup(found), parsed);
                return await TrainAsync(setup, () => found, resumed: true, output, cancellationToken).ConfigureAwait(false);
            }
            RejectBoth(parsed, folder, name);
            return await TrainAsync(
                flags.Resolve(parsed), () => runs.Create(parsed.GetValue(name), parsed.GetValue(folder)), resumed: false, output, cancellationToken)
                .ConfigureAwait(false);
        });
        return command;
    }

    private static void RejectBoth(ParseResult parsed, Option<string?> given, params Option<string?>[] others)
    {
        if (parsed.GetValue(given) is not null && others.FirstOrDefault(option => parsed.GetValue(option) is not null) is { } other)
        {
            throw new ArgumentException($"{given.Name} and {other.Name} both say where the run lies; leave one out");
        }
    }

    /// <param name="setup">All settings.</param>
    /// <param name="openFolder">Makes or finds the run's folder; called once the data is known to be good, so that no error leaves half a run.</param>
    /// <param name="resumed">Whether the folder holds a checkpoint to go on from.</param>
    /// <param name="output">Shows the progress.</param>
    /// <param name="cancellationToken">Ends the training after the step in hand, with a checkpoint.</param>
    private static Task<int> TrainAsync(
        TrainingSetup setup, Func<string> openFolder, bool resumed, ITrainingOutput output, CancellationToken cancellationToken)
    {
        // Connection point: corpus, tokenizer and model from the setup; then openFolder, a TrainingRun over it, output.RunAsync around
        // Trainer.Run with the library's progress mapped to TrainingEvents; ExitCode.Interrupted when it was cancelled.
        _ = (setup, openFolder, resumed, output, cancellationToken);
        throw new NotSupportedException("this build holds no engine to train with");
    }
}

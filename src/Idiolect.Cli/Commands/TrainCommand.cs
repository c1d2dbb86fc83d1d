using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Training;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect train</c>: pre-trains a model, or goes on with a run.</summary>
internal static class TrainCommand
{
    internal static Command Create(Terminal terminal)
    {
        var flags = new TrainingFlags(() => MachinePeak.MultipliesBf16);
        var name = Flag.RunName("Name of the run under runs/  [made up]");
        var folder = Flag.Text("--out", "Folder of the run, instead of a name under runs/", "DIR");
        var resume = Flag.Text("--resume", "Go on with a run from its last checkpoint", "RUN");
        resume.CompletionSources.Add(_ => new RunFolders(RunFolders.DefaultRoot).Names());
        var baselines = new Option<bool>("--baselines")
        {
            Description = "Measure xz and a byte n-gram on the same text at the end  [a first run of the default preset on dotnet-docs does]",
        };
        var json = Flag.Json();
        var command = new Command("train", "Pre-train a language model on text");
        foreach (var option in flags.All.Concat([name, folder, resume, baselines, json]))
        {
            command.Add(option);
        }
        command.WithExamples(
            "idiolect train",
            "idiolect train --data book.txt --tokenizer char --depth 4",
            "idiolect train --model lstm --name memory",
            "idiolect train --model bert --name gaps",
            "idiolect train --preset nanogpt-cpu --data tinyshakespeare.txt",
            "idiolect train --data 'notes/**/*.md' --steps 500 --name notes",
            "idiolect train --task translate --from en --to de",
            "idiolect train --resume latest --steps 3000");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = TrainingOutput.Create(terminal, parsed.GetValue(json));
            var runs = new RunFolders(RunFolders.DefaultRoot);
            if (parsed.GetValue(resume) is { } earlier)
            {
                RejectBoth(parsed, resume, name, folder);
                var found = runs.Find(earlier);
                var begun = RunFile.ReadSetup(found);
                if (begun.Classifies)
                {
                    throw new ArgumentException($"{found} is a tuning; go on with it by `{TrainingText.ResumeCommand(found, "tune")}`");
                }
                var settings = flags.ResolveResumed(begun, RunFile.StepsTaken(found), parsed);
                RejectBaselines(parsed, baselines, settings);
                Func<CancellationToken, EndReason> goOn = settings.Translates ? new TranslationRun(settings, found, runs, output).Resume
                    : settings.IsBert ? new MaskedTrainingRun(settings, found, runs, output).Resume
                    : new TrainingRun(settings, found, runs, output, parsed.GetValue(baselines)).Resume;
                return await TrainingOutput.RunAsync(goOn, output, cancellationToken).ConfigureAwait(false);
            }
            RejectBoth(parsed, folder, name);
            var setup = flags.Resolve(parsed);
            RejectBaselines(parsed, baselines, setup);
            var chosen = runs.Choose(parsed.GetValue(name), parsed.GetValue(folder));
            var isShowpiece = setup is { Preset: Presets.Default, Data: Corpus.DotnetDocs };
            Func<CancellationToken, EndReason> start = setup.Translates ? new TranslationRun(setup, chosen, runs, output).Start
                : setup.IsBert ? new MaskedTrainingRun(setup, chosen, runs, output).Start
                : new TrainingRun(setup, chosen, runs, output, parsed.GetValue(baselines) || isShowpiece).Start;
            return await TrainingOutput.RunAsync(start, output, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static void RejectBaselines(ParseResult parsed, Option<bool> baselines, TrainingSetup setup)
    {
        if (parsed.GetValue(baselines) && (setup.Translates || setup.IsBert))
        {
            throw new ArgumentException("--baselines measures methods that predict the next byte, and this model does not; leave it out");
        }
    }

    private static void RejectBoth(ParseResult parsed, Option<string?> given, params Option<string?>[] others)
    {
        if (parsed.GetValue(given) is not null && others.FirstOrDefault(option => parsed.GetValue(option) is not null) is { } other)
        {
            throw new ArgumentException($"{given.Name} and {other.Name} both say where the run lies; leave one out");
        }
    }
}

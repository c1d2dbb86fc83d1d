using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tune</c>: teaches a trained model a task, or goes on with that.</summary>
internal static class TuneCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var flags = new TuningFlags();
        var name = Flag.RunName("Name of the new run under runs/  [made up]");
        var folder = Flag.Text("--out", "Folder of the new run, instead of a name under runs/", "DIR");
        var resume = Flag.Text("--resume", "Go on with a tuning from its last checkpoint", "RUN");
        resume.CompletionSources.Add(_ => new RunFolders(RunFolders.DefaultRoot).Names());
        var json = Flag.Json();
        var command = new Command("tune", "Teach a trained model to classify texts") { run };
        foreach (var option in flags.All.Concat([name, folder, resume, json]))
        {
            command.Add(option);
        }
        command.WithExamples(
            "idiolect tune latest --task classify --data dotnet-docs",
            "idiolect tune quiet-harbor --data mails.jsonl --label-field folder --epochs 3",
            "idiolect tune gaps --freeze --name namespaces",
            "idiolect tune --resume namespaces --steps 600");
        command.SetAction((parsed, cancellationToken) =>
        {
            var output = TrainingOutput.Create(terminal, parsed.GetValue(json));
            var runs = new RunFolders(RunFolders.DefaultRoot);
            if (parsed.GetValue(resume) is { } earlier)
            {
                if (parsed.GetValue(run) is not null || parsed.GetValue(name) is not null || parsed.GetValue(folder) is not null)
                {
                    throw new ArgumentException("--resume says which run goes on; leave RUN, --name and --out out");
                }
                var found = runs.Find(earlier);
                var settings = RunFile.ReadSetup(found);
                return settings.Classifies
                    ? TrainingOutput.RunAsync(new ClassificationRun(flags.ResolveResumed(settings, RunFile.StepsTaken(found), parsed), found, runs, output).Resume, output, cancellationToken)
                    : throw new ArgumentException($"{found} is no tuning; go on with it by `{TrainingText.ResumeCommand(found)}`");
            }
            if (parsed.GetValue(name) is not null && parsed.GetValue(folder) is not null)
            {
                throw new ArgumentException("--out and --name both say where the run lies; leave one out");
            }
            var model = ModelLocation.Require(runs.Find(parsed.GetValue(run)));
            var setup = flags.ResolveData(parsed);
            var chosen = runs.Choose(parsed.GetValue(name), parsed.GetValue(folder));
            return TrainingOutput.RunAsync(token => Start(model, setup, flags, parsed, chosen, runs, output, token), output, cancellationToken);
        });
        return command;
    }

    private static EndReason Start(
        string model, TrainingSetup setup, TuningFlags flags, ParseResult parsed, string folder, RunFolders runs, ITrainingOutput output,
        CancellationToken cancellationToken)
    {
        output.Report(new WorkAnnounced(0, $"reading {setup.Data}"));
        setup = flags.Resolve(setup, parsed, ModelFolder.LoadConfig(model), texts: 1); // what does not fit is said before the texts are read
        var corpus = setup.LoadLabelledTexts();
        setup = flags.Resolve(setup, parsed, ModelFolder.LoadConfig(model), corpus.Training.Count);
        using var classifier = ModelLocation.Open(model, trained => TextClassifier.Begin(trained, corpus.Labels, setup.Seed));
        return new ClassificationRun(setup, folder, runs, output).Start(corpus, classifier, cancellationToken);
    }
}

using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;

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
        resume.CompletionSources.Add(_ => new NamedRuns(RunFolders.DefaultRoot).Names());
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
            var runs = new NamedRuns(RunFolders.DefaultRoot);
            if (parsed.GetValue(resume) is { } earlier)
            {
                if (parsed.GetValue(run) is not null || parsed.GetValue(name) is not null || parsed.GetValue(folder) is not null)
                {
                    throw new ArgumentException("--resume says which run goes on; leave RUN, --name and --out out");
                }
                var found = runs.Find(earlier);
                var begun = Run.Open(found);
                var recipe = begun.ReadRecipe();
                if (!recipe.Classifies)
                {
                    throw new ArgumentException($"{found} is no tuning; go on with it by `{TrainingText.ResumeCommand(found)}`");
                }
                var changed = flags.ResolveResumed(recipe, begun.StepsTaken, parsed);
                var resumed = new RunProgress(found, runs, output);
                return TrainingOutput.RunAsync(
                    token => TrainingRun.Resume(found, changed, flags.NamesData(parsed), resumed, token), resumed, "tune", cancellationToken);
            }
            if (parsed.GetValue(name) is not null && parsed.GetValue(folder) is not null)
            {
                throw new ArgumentException("--out and --name both say where the run lies; leave one out");
            }
            var model = ModelLocation.Require(runs.Find(parsed.GetValue(run)));
            var texts = flags.ResolveData(parsed, model);
            var chosen = runs.Choose(parsed.GetValue(name), parsed.GetValue(folder));
            var progress = new RunProgress(chosen, runs, output);
            return TrainingOutput.RunAsync(token => Start(texts, flags, parsed, chosen, progress, token), progress, "tune", cancellationToken);
        });
        return command;
    }

    private static TrainingFinished Start(
        Recipe recipe, TuningFlags flags, ParseResult parsed, string folder, RunProgress progress, CancellationToken cancellationToken)
    {
        progress.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        flags.Resolve(recipe, parsed, texts: 1); // what does not fit is said before the texts are read
        var corpus = recipe.LoadLabelledTexts();
        return TrainingRun.Start(flags.Resolve(recipe, parsed, corpus.Training.Count), corpus, folder, progress, cancellationToken);
    }
}

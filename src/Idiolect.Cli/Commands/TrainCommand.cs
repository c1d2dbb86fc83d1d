using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Recipes;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect train</c>: pre-trains a model, or goes on with a run.</summary>
internal static class TrainCommand
{
    internal static Command Create(Terminal terminal)
    {
        var file = new Argument<string?>("RECIPE")
        {
            Description = "All that makes a run, as JSON: such as a run's recipe.json, which gives the same bytes again unless the run was resumed otherwise. Flags win over it",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var flags = new TrainingFlags(() => MachinePeak.MultipliesBf16);
        var name = Flag.RunName("Name of the run under runs/  [made up]");
        var folder = Flag.Text("--out", "Folder of the run, instead of a name under runs/", "DIR");
        var resume = Flag.Text("--resume", "Go on with a run from its last checkpoint", "RUN");
        resume.CompletionSources.Add(_ => new NamedRuns(RunFolders.DefaultRoot).Names());
        var baselines = new Option<bool>("--baselines")
        {
            Description = "Measure xz and a byte n-gram on the same text at the end  [a run of the default preset on dotnet-docs does]",
        };
        var json = Flag.Json();
        var command = new Command("train", "Pre-train a language model on text") { file };
        foreach (var option in flags.All.Concat([name, folder, resume, baselines, json]))
        {
            command.Add(option);
        }
        command.WithGroups(flags.Groups, ("Run", [name, folder, resume, baselines, json]));
        command.WithExamples(
            "idiolect train",
            "idiolect train --data book.txt --tokenizer char --depth 4",
            "idiolect train --model lstm --name memory",
            "idiolect train --model bert --name gaps",
            "idiolect train --preset nanogpt-cpu --data tinyshakespeare.txt",
            "idiolect train --data 'notes/**/*.md' --steps 500 --name notes",
            "idiolect train --data books.tar.gz --data articles.jsonl.zst:0.5 --name mixed",
            "cat *.log | idiolect train --data - --separator blank-lines",
            "idiolect train --task translate --from en --to de",
            "idiolect train runs/notes/recipe.json --name again",
            "idiolect train --base notes --data book.txt",
            "idiolect train --resume latest --steps 3000");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = TrainingOutput.Create(terminal, parsed.GetValue(json));
            var runs = new NamedRuns(RunFolders.DefaultRoot);
            if (parsed.GetValue(resume) is { } earlier)
            {
                RejectBoth(parsed, resume, name, folder);
                if (parsed.GetValue(file) is not null)
                {
                    throw new ArgumentException("--resume goes on with the run's own recipe; leave RECIPE out");
                }
                var found = runs.Find(earlier);
                var run = Run.Open(found);
                var begun = run.ReadRecipe();
                if (begun.Classifies)
                {
                    throw new ArgumentException($"{found} is a tuning; go on with it by `{TrainingText.ResumeCommand(found, "tune")}`");
                }
                var changed = flags.ResolveResumed(begun, run.StepsTaken, parsed);
                RejectBaselines(parsed, baselines, changed);
                changed = changed with { Evaluation = changed.Evaluation with { Baselines = changed.Evaluation.Baselines || parsed.GetValue(baselines) } };
                var resumed = new RunProgress(found, runs, output);
                using var again = StandardInputFile.For(Sources(changed.Data), terminal, cancellationToken);
                changed = changed with { Data = changed.Data with { StandardInput = again?.Path } };
                return await TrainingOutput.RunAsync(
                    token => TrainingRun.Resume(found, changed, flags.NamesData(parsed), resumed, token), resumed, "train", cancellationToken).ConfigureAwait(false);
            }
            RejectBoth(parsed, folder, name);
            var recipe = flags.Resolve(parsed, parsed.GetValue(file) is { } path ? RecipePath(path) : null);
            RejectBaselines(parsed, baselines, recipe);
            var chosen = runs.Choose(parsed.GetValue(name), parsed.GetValue(folder));
            var isShowpiece = recipe is { PresetName: Recipe.DefaultPreset, Base: null, Data: { Source: Corpus.DotnetDocs, MoreSources: null }, IsGpt: true };
            recipe = recipe with { Evaluation = recipe.Evaluation with { Baselines = recipe.Evaluation.Baselines || parsed.GetValue(baselines) || isShowpiece } };
            var progress = new RunProgress(chosen, runs, output);
            using var input = StandardInputFile.For(Sources(recipe.Data), terminal, cancellationToken);
            recipe = recipe with { Data = recipe.Data with { StandardInput = input?.Path } };
            return await TrainingOutput.RunAsync(
                token => TrainingRun.Start(recipe, chosen, progress, token), progress, TrainingText.Verb(recipe.Task), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    /// <exception cref="FileNotFoundException">There is no such recipe; the message says what may have been meant.</exception>
    private static string RecipePath(string path) => !Directory.Exists(path) && LooksLikeText(path)
        ? throw new ArgumentException($"{path} is no recipe; to learn from a text: {CommandName.Current} train --data {path}")
        : File.Exists(path) ? path
        : Directory.Exists(path) ? throw new FileNotFoundException(
            $"{path} is a folder; give its {Run.RecipeName} to train it again, --resume to go on with it, or --data to learn from it", path)
        : Recipe.PresetNames.Contains(path) ? throw new FileNotFoundException($"there is no recipe {path}; --preset {path} is one", path)
        : throw new FileNotFoundException($"there is no recipe {path}; a text to learn from stands behind --data", path);

    /// <summary>Whether a path is that of a text, by its name or by how it begins: recipes are JSON objects.</summary>
    private static bool LooksLikeText(string path)
    {
        if (!File.Exists(path))
        {
            return Path.GetExtension(path).ToUpperInvariant() is ".TXT" or ".MD" or ".JSONL" or ".CSV" or ".TSV";
        }
        if (new FileInfo(path).Length == 0)
        {
            return false; // empty, or a pipe or a device, which whoever reads recipes names
        }
        using var file = File.OpenRead(path);
        Span<byte> beginning = stackalloc byte[64];
        var read = beginning[..file.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)].Trim(" \t\r\n\uFEFF"u8);
        return !read.IsEmpty && read[0] != (byte)'{';
    }

    private static IEnumerable<string> Sources(DataRecipe data)
        => (data.MoreSources ?? []).Append(data.Source).Append(data.ValidationSource ?? "").Select(text => text.Length > 0 ? WeightedSource.Parse(text).Source : text);

    private static void RejectBaselines(ParseResult parsed, Option<bool> baselines, Recipe recipe)
    {
        if (parsed.GetValue(baselines) && (recipe.Translates || recipe.IsBert))
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

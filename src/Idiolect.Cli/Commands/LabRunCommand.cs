using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Lab;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect lab run</c>: runs one experiment or all of them.</summary>
internal static class LabRunCommand
{
    private const string All = "all";
    internal const string DefaultFolder = "lab";

    /// <param name="terminal">Where it writes.</param>
    /// <param name="jsonBeforeRun">The flag as it may stand before the verb.</param>
    internal static Command Create(Terminal terminal, Option<bool> jsonBeforeRun)
    {
        var name = new Argument<string>("NAME") { HelpName = "NAME", Description = "An experiment (idiolect lab lists them), or all" };
        name.CompletionSources.Add(_ => Laboratory.Experiments.Select(experiment => experiment.Protocol.Name).Append(All));
        var quick = new Option<bool>("--quick") { Description = "Seconds instead of minutes, one seed: tries the machinery, proves nothing" };
        var seed = Flag.Seed();
        var folder = Flag.Text("--out", $"Folder for pictures, results and the report  [{DefaultFolder}]", "DIR");
        var again = new Option<bool>("--again") { Description = "Run once more what is finished in the folder  [go on where it was stopped]" };
        var json = Flag.Json();
        var command = new Command("run", "Run an experiment, or all of them") { name, quick, seed, folder, again, json };
        command.WithExamples("idiolect lab run causal-mask", "idiolect lab run all --quick --out trial");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var chosen = Choose(parsed.GetValue(name)!);
            var (isQuick, first, target) = (parsed.GetValue(quick), parsed.GetValue(seed) ?? 1, parsed.GetValue(folder) ?? DefaultFolder);
            var output = LabOutput.Create(terminal, parsed.GetValue(json) || parsed.GetValue(jsonBeforeRun));
            output.Start(chosen, isQuick);
            await output.RunAsync(() => Task.Run(
                () => Laboratory.Run(chosen, isQuick, first, target, output, parsed.GetValue(again), cancellationToken), CancellationToken.None)).ConfigureAwait(false);
            output.Finish(target);
            return ExitCode.Success;
        });
        return command;
    }

    private static IReadOnlyList<Experiment> Choose(string name)
    {
        if (name == All)
        {
            return Laboratory.Experiments;
        }
        var names = Laboratory.Experiments.Select(experiment => experiment.Protocol.Name);
        return Laboratory.Experiments.FirstOrDefault(experiment => experiment.Protocol.Name == name) is { } found
            ? [found]
            : throw new ArgumentException($"there is no experiment \"{name}\"{Spelling.DidYouMean(name, names)}; see {CommandName.Current} lab");
    }
}

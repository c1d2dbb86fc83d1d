using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect info</c>: what a run or model folder is.</summary>
internal static class InfoCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var json = Flag.Json();
        var command = new Command("info", "Show what a run or model folder is") { run, json };
        command.WithExamples("idiolect info", "idiolect info quiet-harbor", "idiolect info ./my-model --json");
        command.SetAction(parsed =>
        {
            var info = RunInfo.Load(new NamedRuns(RunFolders.DefaultRoot).Find(parsed.GetValue(run)));
            if (parsed.GetValue(json))
            {
                InfoOutput.WriteJson(info, terminal.Out);
            }
            else
            {
                InfoOutput.Write(info, terminal);
            }
            return ExitCode.Success;
        });
        return command;
    }
}

using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Lab;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect lab report</c>: the results in a folder as one page.</summary>
internal static class LabReportCommand
{
    /// <param name="terminal">Where it writes.</param>
    /// <param name="jsonBefore">The flag as it may stand before the verb.</param>
    internal static Command Create(Terminal terminal, Option<bool> jsonBefore)
    {
        var folder = Flag.Text("--out", $"Folder with the results  [{LabRunCommand.DefaultFolder}]", "DIR");
        var json = Flag.Json();
        var command = new Command("report", "Write the results in a folder as one page, pictures included") { folder, json };
        command.WithExamples("idiolect lab report", "idiolect lab report --out trial");
        command.SetAction(parsed =>
        {
            var page = Laboratory.WriteReport(parsed.GetValue(folder) ?? LabRunCommand.DefaultFolder);
            if (parsed.GetValue(json) || parsed.GetValue(jsonBefore))
            {
                new JsonLines(terminal.Out).Write("done", writer => writer.WriteString("report", page));
                return ExitCode.Success;
            }
            terminal.Out.WriteLine(page);
            return ExitCode.Success;
        });
        return command;
    }
}

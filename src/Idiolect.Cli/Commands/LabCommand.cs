using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Lab;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect lab</c>: the experiments; without a further verb it lists them.</summary>
internal static class LabCommand
{
    internal static Command Create(Terminal terminal)
    {
        var json = Flag.Json();
        var command = new Command("lab", "Experiments that show why transformers took over") { json, LabRunCommand.Create(terminal, json), LabReportCommand.Create(terminal, json) };
        command.WithExamples("idiolect lab", "idiolect lab run causal-mask", "idiolect lab run all --quick");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                var lines = new JsonLines(terminal.Out);
                foreach (var protocol in Laboratory.Experiments.Select(experiment => experiment.Protocol))
                {
                    lines.Write("experiment", writer =>
                    {
                        writer.WriteString("name", protocol.Name);
                        writer.WriteString("claim", protocol.Claim);
                        writer.WriteFinite("threshold", protocol.Threshold);
                    });
                }
                lines.Write("done", writer => writer.WriteNumber("experiments", Laboratory.Experiments.Count));
                return ExitCode.Success;
            }
            LabText.WriteList(Laboratory.Experiments, terminal);
            return ExitCode.Success;
        });
        return command;
    }
}

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
        var command = new Command("lab", "Experiments that show why transformers took over") { json, LabRunCommand.Create(terminal) };
        command.WithExamples("idiolect lab", "idiolect lab run causal-mask", "idiolect lab run all --quick");
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(json))
            {
                foreach (var protocol in Laboratory.Experiments.Select(experiment => experiment.Protocol))
                {
                    new JsonLines(terminal.Out).Write("experiment", writer =>
                    {
                        writer.WriteString("name", protocol.Name);
                        writer.WriteString("claim", protocol.Claim);
                        writer.WriteFinite("threshold", protocol.Threshold);
                    });
                }
                return ExitCode.Success;
            }
            LabText.WriteList(Laboratory.Experiments, terminal);
            return ExitCode.Success;
        });
        return command;
    }
}

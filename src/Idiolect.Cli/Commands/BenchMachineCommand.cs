using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Evaluation;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect bench machine</c>: what arithmetic and memory of this machine reach at most.</summary>
internal static class BenchMachineCommand
{
    internal static Command Create(Terminal terminal)
    {
        var threads = Flag.Count("--threads", "The most threads to measure  [all cores]");
        var json = Flag.Json();
        var command = new Command("machine", "Measure the peak of arithmetic and memory, on 1 thread, on 2, and so on") { threads, json };
        command.WithExamples("idiolect bench machine", "idiolect bench machine --threads 1 --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            // Measuring blocks its thread; the handler of Ctrl+C needs this one.
            var measured = await Task.Run(() => MachinePeak.Measure(parsed.GetValue(threads) ?? 0, cancellationToken), CancellationToken.None)
                .ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                BenchMachineOutput.WriteJson(measured, terminal.Out);
            }
            else
            {
                BenchMachineOutput.Write(measured, terminal.Out);
            }
            return ExitCode.Success;
        });
        return command;
    }
}

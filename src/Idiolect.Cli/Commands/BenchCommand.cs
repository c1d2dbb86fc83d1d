using System.CommandLine;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect bench</c>: the verbs that measure this machine, and training on it.</summary>
internal static class BenchCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("bench", "Measure this machine, and training on it")
        {
            BenchMachineCommand.Create(terminal),
            BenchTrainCommand.Create(terminal),
        };
        command.WithExamples(
            "idiolect bench machine",
            "idiolect bench train --preset nanogpt-cpu",
            "idiolect bench train --preset gpt2-124m --context 64 --peer pytorch");
        return command;
    }
}

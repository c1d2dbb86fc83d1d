using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect bench train</c>: how fast a model trains, and where the time goes.</summary>
internal static class BenchTrainCommand
{
    internal static Command Create(Terminal terminal)
    {
        var flags = new TrainingFlags(prefersBf16: () => false); // the peer computes in fp32
        var steps = Flag.Count("--steps", "Steps to measure, after a warm-up  [about ten seconds of them]");
        var peer = new ChoiceOption("--peer", "Measure another library on the same work, alternating, and print the ratio", [PytorchPeer.Name]);
        var json = Flag.Json();
        var command = new Command(
            "train",
            "Time the training step of a preset on random tokens, one batch a step, without dropout unless asked for. "
            + $"{BenchTrainOutput.Formula}; MFU is their rate over the peak measured between the steps.");
        foreach (var option in flags.OfAStep.Concat([steps, peer, json]))
        {
            command.Add(option);
        }
        command.WithExamples(
            "idiolect bench train --preset nanogpt-cpu",
            "idiolect bench train --preset nanogpt --batch 8",
            "idiolect bench train --preset gpt2-124m --batch 4 --context 64 --peer pytorch",
            "idiolect bench train --depth 6 --precision bf16 --steps 20 --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var recipe = flags.ResolveStep(parsed);
            var output = new BenchTrainOutput(terminal, parsed.GetValue(json));
            var run = new TrainingBench(recipe, parsed.GetValue(steps), parsed.GetValue(peer) is not null, output);
            // Measuring blocks its thread; the handler of Ctrl+C needs this one.
            await Task.Run(() => run.Measure(cancellationToken), CancellationToken.None).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}

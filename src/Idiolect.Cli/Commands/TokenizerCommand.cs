using System.CommandLine;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tokenizer</c>: the verbs that turn text into tokens and back.</summary>
internal static class TokenizerCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("tokenizer", "Train a tokenizer; turn text into tokens and back")
        {
            TokenizerTrainCommand.Create(terminal),
            TokenizerEncodeCommand.Create(terminal),
            TokenizerDecodeCommand.Create(terminal),
        };
        command.WithExamples(
            "idiolect tokenizer train --data dotnet-docs --vocab 4096 --out my-tokenizer",
            "idiolect tokenizer encode --tokenizer my-tokenizer 'Hello, world'",
            "idiolect tokenizer decode --tokenizer my-tokenizer 15496 11 995");
        return command;
    }
}

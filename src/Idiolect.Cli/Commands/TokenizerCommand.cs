using System.CommandLine;

using Idiolect.Cli.Runs;
using Idiolect.Tokenization;

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

    /// <summary>The flag that says whose tokens; a run or a model folder has its own.</summary>
    internal static Option<string?> Source() => new("--tokenizer")
    {
        Description = "A tokenizer.json, or the run or model folder that holds one  [latest]",
        HelpName = "FILE|RUN",
    };

    /// <summary>Loads what <see cref="Source"/> names: a file, a folder, a run.</summary>
    internal static Tokenizer Load(string? source)
    {
        if (source is not null && (File.Exists(source) || File.Exists(Path.Combine(source, "tokenizer.json"))))
        {
            return Tokenizer.Load(source);
        }
        return Tokenizer.Load(NamedRuns.FindModel(source));
    }
}

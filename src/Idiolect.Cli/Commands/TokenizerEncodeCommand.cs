using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tokenizer encode</c>: prints the ids of a text.</summary>
internal static class TokenizerEncodeCommand
{
    internal static Command Create(Terminal terminal)
    {
        var text = new TextArgument("TEXT") { Description = "Text to encode, or - for standard input  [standard input]", Arity = ArgumentArity.ZeroOrMore };
        var source = TokenizerSource.Option();
        var json = Flag.Json();
        var command = new Command("encode", "Print the ids of a text") { text, source, json };
        command.WithExamples(
            "idiolect tokenizer encode 'Hello, world'",
            "idiolect tokenizer encode --tokenizer tokenizer.json < book.txt");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var words = parsed.GetValue(text) ?? [];
            var tokenizer = TokenizerSource.Load(parsed.GetValue(source));
            var ids = tokenizer.Encode(words is not ([] or [StandardInput.Name]) ? string.Join(' ', words)
                : await StandardInput.ReadAsync(terminal, cancellationToken).ConfigureAwait(false));
            Write(ids, terminal, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    internal static void Write(IReadOnlyList<int> ids, Terminal terminal, bool json)
    {
        if (!json)
        {
            terminal.Out.WriteLine(string.Join(' ', ids));
            return;
        }
        new JsonLines(terminal.Out).Write("done", writer =>
        {
            writer.WriteNumber("tokens", ids.Count);
            writer.WriteStartArray("ids");
            foreach (var id in ids)
            {
                writer.WriteNumberValue(id);
            }
            writer.WriteEndArray();
        });
    }
}

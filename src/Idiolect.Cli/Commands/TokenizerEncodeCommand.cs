using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tokenizer encode</c>: prints the ids of a text.</summary>
internal static class TokenizerEncodeCommand
{
    internal static Command Create(Terminal terminal)
    {
        var text = new TextArgument("TEXT") { Description = "Text to encode  [standard input]", Arity = ArgumentArity.ZeroOrMore };
        var source = TokenizerSource.Option();
        var json = Flag.Json();
        var command = new Command("encode", "Print the ids of a text") { text, source, json };
        command.WithExamples(
            "idiolect tokenizer encode 'Hello, world'",
            "idiolect tokenizer encode --tokenizer tokenizer.json < book.txt");
        command.SetAction(parsed =>
        {
            var words = parsed.GetValue(text) ?? [];
            var tokenizer = TokenizerSource.Load(parsed.GetValue(source));
            var ids = tokenizer.Encode(words.Length > 0 ? string.Join(' ', words) : ReadStandardInput());
            Write(ids, terminal, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    private static string ReadStandardInput()
    {
        using var input = Console.OpenStandardInput();
        return Utf8Text.Read(input, "standard input");
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

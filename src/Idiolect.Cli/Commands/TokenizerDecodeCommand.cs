using System.CommandLine;
using System.Globalization;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tokenizer decode</c>: prints the text of ids.</summary>
internal static class TokenizerDecodeCommand
{
    private static readonly char[] Separators = [' ', ',', '\t', '\r', '\n', '[', ']'];

    internal static Command Create(Terminal terminal)
    {
        var argument = new TextArgument("IDS") { Description = "Ids to decode, or - for standard input  [standard input]", Arity = ArgumentArity.ZeroOrMore };
        var source = TokenizerSource.Option();
        var json = Flag.Json();
        var command = new Command("decode", "Print the text of ids") { argument, source, json };
        command.WithExamples(
            "idiolect tokenizer decode 15496 11 995",
            "idiolect tokenizer encode 'Hello' | idiolect tokenizer decode");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var words = parsed.GetValue(argument) ?? [];
            var ids = ParseIds(words is not ([] or [StandardInput.Name]) ? string.Join(' ', words)
                : await StandardInput.ReadAsync(terminal, cancellationToken).ConfigureAwait(false));
            var text = TokenizerSource.Load(parsed.GetValue(source)).Decode(ids);
            Write(text, terminal, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Ids separated by spaces, commas or line breaks, with or without the brackets of a JSON array.</summary>
    /// <exception cref="ArgumentException">A word that is no id.</exception>
    internal static int[] ParseIds(string text) =>
    [
        .. text.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Select(word =>
            int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new ArgumentException($"\"{word}\" is no token id; ids are whole numbers from 0")),
    ];

    internal static void Write(string text, Terminal terminal, bool json)
    {
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer => writer.WriteString("text", text));
        }
        else
        {
            terminal.Out.WriteLine(text);
        }
    }
}

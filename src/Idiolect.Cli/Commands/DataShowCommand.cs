using System.CommandLine;
using System.Text;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data show</c>: some documents as a model will see them.</summary>
internal static class DataShowCommand
{
    internal static Command Create(Terminal terminal)
    {
        var flags = new DataFlags();
        var samples = Flag.Count("--samples", "Documents to show, spread evenly  [3]");
        var tokens = Flag.Count("--max-tokens", "Tokens to show of each  [60]");
        var json = Flag.Json();
        var command = flags.Command("show", "Show documents as a model will see them, token by token", samples, tokens, json);
        command.WithExamples(
            "idiolect data show book.txt",
            "idiolect data show articles.jsonl --field body --samples 10",
            "idiolect data show poems.txt --separator blank-lines");
        command.SetAction((parsed, cancellationToken) =>
        {
            using var progress = new DataProgressLine(terminal);
            flags.Read(
                parsed, terminal, progress,
                (corpus, tokenizer) => Show(
                    corpus, tokenizer, parsed.GetValue(samples) ?? 3, parsed.GetValue(tokens) ?? 60, terminal, parsed.GetValue(json), cancellationToken),
                cancellationToken);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Show(Corpus corpus, Tokenizer tokenizer, int samples, int most, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        DataText.WriteSkipped(corpus.Skipped, terminal);
        var every = Math.Max(1, corpus.Training.Count / samples);
        var lines = new JsonLines(terminal.Out);
        var (number, shown) = (0, 0);
        foreach (var document in corpus.Training)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (document.IsContinuation || number++ % every != 0)
            {
                continue;
            }
            // The beginning of a long text: a token has a character at least on average, and cutting changes the last ones only.
            var text = document.Text[..Math.Min(document.Text.Length, 64 * most)];
            int[] ids = [.. tokenizer.BeginningOfTextId is { } mark ? [mark] : (int[])[], .. tokenizer.Encode(text)];
            int[] first = [.. ids.Take(most)];
            if (json)
            {
                lines.Write("document", writer =>
                {
                    writer.WriteString("name", document.Name);
                    writer.WriteStartArray("ids");
                    foreach (var id in first)
                    {
                        writer.WriteNumberValue(id);
                    }
                    writer.WriteEndArray();
                    writer.WriteStartArray("tokens");
                    foreach (var id in first)
                    {
                        writer.WriteStringValue(tokenizer.Decode([id]));
                    }
                    writer.WriteEndArray();
                });
            }
            else
            {
                terminal.Out.WriteLine(ReadableText.Printable(document.Name));
                var tokens = $"{string.Join('|', first.Select(id => DataText.Visible(Written(tokenizer, id))))}{(ids.Length > most ? "|..." : "")}";
                foreach (var line in DataText.Wrap(tokens, terminal.Width - 2, '|'))
                {
                    terminal.Out.WriteLine($"  {line}");
                }
            }
            if (++shown == samples)
            {
                break;
            }
        }
        if (json)
        {
            lines.Write("done", writer =>
            {
                writer.WriteNumber("documents", corpus.Training.Count);
                writer.WriteNumber("shown", shown);
                writer.WriteNumber("skipped", corpus.Skipped.Count);
            });
        }
    }

    /// <summary>A token as it is written; a special one, too.</summary>
    private static string Written(Tokenizer tokenizer, int id) => Encoding.UTF8.GetString(tokenizer.GetBytes(id));
}

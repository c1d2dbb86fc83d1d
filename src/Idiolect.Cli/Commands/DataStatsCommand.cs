using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data stats</c>: how much text there is, and how it becomes tokens.</summary>
internal static class DataStatsCommand
{
    private const int Shown = 20;

    internal static Command Create(Terminal terminal)
    {
        var flags = new DataFlags();
        var json = Flag.Json();
        var command = flags.Command("stats", "Count documents, bytes and tokens; show lengths and the most frequent tokens", json);
        command.WithExamples(
            "idiolect data stats book.txt",
            "idiolect data stats articles.parquet --tokenizer notes/tokenizer.json",
            "idiolect data stats logs/ --separator blank-lines --json");
        command.SetAction((parsed, cancellationToken) =>
        {
            using var progress = new DataProgressLine(terminal);
            flags.Read(
                parsed, terminal, progress,
                (corpus, tokenizer) => Write(
                    CorpusStatistics.Measure(corpus, tokenizer, progress, cancellationToken), corpus, tokenizer, terminal, parsed.GetValue(json)),
                cancellationToken);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Write(CorpusStatistics found, Corpus corpus, Tokenizer tokenizer, Terminal terminal, bool json)
    {
        DataText.WriteSkipped(corpus.Skipped, terminal);
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer =>
            {
                writer.WriteNumber("documents", found.Documents);
                writer.WriteNumber("bytes", found.Bytes);
                writer.WriteNumber("tokens", found.Tokens);
                writer.WriteNumber("skipped", corpus.Skipped.Count);
                writer.WriteFinite("bytesPerToken", found.BytesPerToken);
                writer.WriteNumber("vocab", tokenizer.VocabularySize);
                writer.WriteStartObject("tokensPerDocument");
                writer.WriteNumber("shortest", found.Shortest);
                writer.WriteNumber("median", found.Median);
                writer.WriteNumber("longest", found.Longest);
                writer.WriteEndObject();
                writer.WriteStartArray("mostFrequent");
                foreach (var (token, count) in found.MostFrequent.Take(Shown))
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("id", token);
                    writer.WriteString("token", tokenizer.Decode([token]));
                    writer.WriteNumber("count", count);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            });
            return;
        }
        (string Name, string Value)[] rows =
        [
            ("documents", ReadableText.Whole(found.Documents)),
            ("bytes", ReadableText.Whole(found.Bytes)),
            ("tokens", $"{ReadableText.Whole(found.Tokens)} of a vocabulary of {ReadableText.Whole(tokenizer.VocabularySize)}"),
            ("bytes a token", FormattableString.Invariant($"{found.BytesPerToken:0.00}")),
            ("tokens a document", $"{ReadableText.Whole(found.Shortest)} to {ReadableText.Whole(found.Longest)}, median {ReadableText.Whole(found.Median)}"),
            ("passed over", $"{corpus.Skipped.Count} files"),
            ("most frequent", string.Join(' ', found.MostFrequent.Take(Shown).Select(entry => DataText.Quote(tokenizer.Decode([entry.Token]))))),
        ];
        foreach (var (name, value) in rows)
        {
            var lines = DataText.Wrap(value, terminal.Width - 19, ' ').ToArray();
            terminal.Out.WriteLine($"{name,-18} {string.Join($"\n{"",-19}", lines)}");
        }
    }
}

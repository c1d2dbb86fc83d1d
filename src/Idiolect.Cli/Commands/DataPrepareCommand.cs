using System.CommandLine;
using System.Globalization;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data prepare</c>: writes a text anew without what is there twice, what is hardly text, and what is held out.</summary>
internal static class DataPrepareCommand
{
    private const string Gopher = "gopher";
    private const string None = "none";

    internal static Command Create(Terminal terminal)
    {
        var flags = new DataFlags(tokens: false);
        var path = Flag.Text("--out", "File to write: .jsonl, or .txt with <|endoftext|> between documents", "FILE");
        path.Required = true;
        var similarity = Flag.Number(
            "--similarity", "Share of runs of 5 words from which on documents are near duplicates  [0.7]", CleaningOptions.LowestSimilarity, 1);
        var filter = new ChoiceOption("--filter", "Rules on length and repetition, made for prose in languages with spaces between words  [gopher]", [Gopher, None]);
        var heldOut = Flag.Text("--held-out", "Drop what shares 13 words in a row with this text, on which a model is to be measured", "SOURCE");
        var json = Flag.Json();
        var command = flags.Command("prepare", "Write text anew without duplicates, without what is hardly text, and without held-out text", path, similarity, filter, heldOut, json);
        command.WithExamples(
            "idiolect data prepare crawl.jsonl --out clean.jsonl",
            "idiolect data prepare notes/ --filter none --out notes.txt",
            "idiolect data prepare a.parquet --held-out test.txt --out clean.jsonl");
        command.SetAction((parsed, cancellationToken) =>
        {
            var code = ExitCode.Success;
            flags.Read(
                parsed, terminal,
                (documents, sources, options) =>
                {
                    var measured = parsed.GetValue(heldOut) is { } text ? TextSource.Open(text, options) : null;
                    TextSource[] read = [.. sources, .. measured is null ? [] : new[] { measured }];
                    RejectSource(parsed.GetValue(path)!, read);
                    code = Run(
                        documents, sources.Sum(source => source.FileBytes), read, parsed.GetValue(path)!,
                        new CleaningOptions
                        {
                            Similarity = parsed.GetValue(similarity) ?? new CleaningOptions().Similarity,
                            GopherRules = parsed.GetValue(filter) != None,
                            HeldOut = measured?.Read(),
                        },
                        terminal, parsed.GetValue(json), cancellationToken);
                },
                cancellationToken);
            return Task.FromResult(code);
        });
        return command;
    }

    /// <summary>Refuses to write over a file that is read, whatever links lead to it.</summary>
    private static void RejectSource(string path, IReadOnlyList<TextSource> sources)
    {
        var written = InRealFolder(path);
        if (sources.Any(source => source.Files.Any(file => InRealFolder(file) == written || RealPath(file) == written)))
        {
            throw new ArgumentException($"{path} is one of the files that are read: give another --out");
        }
    }

    /// <summary>A path without symbolic links, whose last part may be one: a file that replaces it takes the link's place.</summary>
    private static string InRealFolder(string path)
    {
        var full = Path.GetFullPath(path);
        return Path.GetDirectoryName(full) is { } folder ? Path.Join(RealPath(folder), Path.GetFileName(full)) : full;
    }

    /// <summary>A path without symbolic links.</summary>
    private static string RealPath(string path)
    {
        var here = InRealFolder(path);
        return Path.Exists(here) && new FileInfo(here).ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : here;
    }

    private static int Run(
        IEnumerable<Document> documents, long bytes, IReadOnlyList<TextSource> read, string path, CleaningOptions options, Terminal terminal,
        bool json, CancellationToken cancellationToken)
    {
        CleaningReport report;
        try
        {
            using var progress = new DataProgressLine(terminal);
            report = CorpusCleaner.Clean(documents, path, options, bytes, progress, cancellationToken);
        }
        finally
        {
            DataText.WriteSkipped(Skipped(read), terminal); // also where they are why there is no text
        }
        if (json)
        {
            WriteJson(report, Skipped(read).Length, path, new JsonLines(terminal.Out));
        }
        else
        {
            Write(report, path, terminal.Out);
        }
        if (report.Kept > 0)
        {
            return ExitCode.Success;
        }
        throw new InvalidDataException(
            $"nothing is left, so {path} was not written"
            + (report.Dropped.ContainsKey(DropReason.Filter) ? $": --filter {None} leaves out the rules on length and repetition" : ""));
    }

    private static SkippedFile[] Skipped(IReadOnlyList<TextSource> read) => [.. read.SelectMany(source => source.Skipped).Distinct()];

    private static void Write(CleaningReport report, string path, TextWriter output)
    {
        (string Name, string Value)[] rows =
        [
            ("documents", ReadableText.Whole(report.Documents)),
            ("kept", $"{ReadableText.Whole(report.Kept)}, {ReadableText.Whole(report.KeptBytes)} of {ReadableText.Whole(report.Bytes)} bytes"),
            ("exact duplicates", ReadableText.Whole(Count(report, DropReason.Exact))),
            ("near duplicates", ReadableText.Whole(Count(report, DropReason.Near))),
            ("held-out text", ReadableText.Whole(Count(report, DropReason.HeldOut))),
            ("rules", ReadableText.Whole(Count(report, DropReason.Filter))),
            .. report.Rules.Select(rule => ($"  {rule.Rule}", ReadableText.Whole(rule.Count))),
        ];
        foreach (var (name, value) in rows)
        {
            output.WriteLine($"{name,-22} {value}");
        }
        foreach (var group in report.Examples.GroupBy(example => example.Reason))
        {
            output.WriteLine();
            output.WriteLine($"dropped, for example ({Word(group.Key)}):");
            foreach (var example in group)
            {
                output.WriteLine($"  {ReadableText.Printable(example.Name)}: {ReadableText.Printable(Why(example))}");
                output.WriteLine($"    {DataText.Quote(example.Beginning[..Math.Min(example.Beginning.Length, 100)])}");
            }
        }
        if (report.Kept > 0)
        {
            output.WriteLine();
            output.WriteLine("next:");
            var separator = TextSource.HasFields(path) ? "" : " --separator '<|endoftext|>'";
            output.WriteLine($"  idiolect train --data {ReadableText.Printable(path)}{separator}");
        }
    }

    private static void WriteJson(CleaningReport report, int skipped, string path, JsonLines lines)
    {
        foreach (var example in report.Examples)
        {
            lines.Write("dropped", writer =>
            {
                writer.WriteString("reason", Word(example.Reason));
                writer.WriteString("source", example.Name);
                writer.WriteString(example.Reason is DropReason.Exact or DropReason.Near ? "of" : "detail", example.Detail);
                if (example.Reason == DropReason.Near)
                {
                    writer.WriteNumber("similarity", Math.Round(example.Similarity, 3));
                }
                writer.WriteString("text", example.Beginning);
            });
        }
        lines.Write("done", writer =>
        {
            writer.WriteNumber("documents", report.Documents);
            writer.WriteNumber("kept", report.Kept);
            writer.WriteNumber("droppedExact", Count(report, DropReason.Exact));
            writer.WriteNumber("droppedNear", Count(report, DropReason.Near));
            writer.WriteNumber("droppedFilter", Count(report, DropReason.Filter));
            writer.WriteNumber("droppedHeldOut", Count(report, DropReason.HeldOut));
            writer.WriteNumber("bytes", report.Bytes);
            writer.WriteNumber("keptBytes", report.KeptBytes);
            writer.WriteNumber("skipped", skipped);
            writer.WriteStartObject("rules");
            foreach (var (rule, count) in report.Rules)
            {
                writer.WriteNumber(rule, count);
            }
            writer.WriteEndObject();
            writer.WriteString("out", path);
        });
    }

    private static long Count(CleaningReport report, DropReason reason) => report.Dropped.GetValueOrDefault(reason);

    private static string Why(DroppedDocument document) => document.Reason switch
    {
        DropReason.Exact => $"the same as {document.Detail}",
        DropReason.Near => string.Create(CultureInfo.InvariantCulture, $"{document.Similarity:0.00} like {document.Detail}"),
        _ => document.Detail,
    };

    private static string Word(DropReason reason) => reason switch
    {
        DropReason.Filter => "filter",
        DropReason.HeldOut => "heldOut",
        DropReason.Exact => "exact",
        _ => "near",
    };
}

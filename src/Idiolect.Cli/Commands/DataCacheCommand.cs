using System.CommandLine;
using System.Globalization;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data cache</c>: lists and removes the tokens that are kept of large texts.</summary>
internal static class DataCacheCommand
{
    internal static Command Create(Terminal terminal)
    {
        var remove = new Option<string[]>("--remove") { Description = "Remove the tokens of a text, by its key; may be given several times", HelpName = "KEY" };
        var clear = new Option<bool>("--clear") { Description = "Remove all of them" };
        var json = Flag.Json();
        var command = new Command("cache", "List or remove the tokens that are kept of large texts") { remove, clear, json };
        command.WithExamples(
            "idiolect data cache",
            "idiolect data cache --remove 3f9a0c5e7d1b2a4c6e8f0a1b",
            "idiolect data cache --clear");
        command.SetAction(parsed =>
        {
            var cache = TokenCache.Default;
            var keys = parsed.GetValue(remove) ?? [];
            if (keys.Length > 0 && parsed.GetValue(clear))
            {
                throw new ArgumentException("--clear removes all, --remove some; leave one out");
            }
            var entries = cache.Entries;
            var removed = parsed.GetValue(clear) ? [.. entries] : entries.Where(entry => keys.Contains(entry.Key)).ToArray();
            if (keys.FirstOrDefault(key => entries.All(entry => entry.Key != key)) is { } unknown)
            {
                throw new ArgumentException($"{cache.Folder} keeps nothing under {unknown}{Spelling.DidYouMean(unknown, [.. entries.Select(entry => entry.Key)])}");
            }
            foreach (var entry in removed)
            {
                cache.Remove(entry.Key);
            }
            Write(cache, removed.Length > 0 || parsed.GetValue(clear) ? removed : entries, removed.Length > 0 || parsed.GetValue(clear), terminal, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(TokenCache cache, IReadOnlyList<TokenCacheEntry> entries, bool removed, Terminal terminal, bool json)
    {
        var bytes = entries.Sum(entry => entry.Bytes);
        if (json)
        {
            var lines = new JsonLines(terminal.Out);
            foreach (var entry in entries)
            {
                lines.Write(removed ? "removed" : "entry", writer =>
                {
                    writer.WriteString("key", entry.Key);
                    writer.WriteString("source", entry.Source);
                    writer.WriteNumber("bytes", entry.Bytes);
                    writer.WriteString("lastUsed", entry.LastUsed);
                });
            }
            lines.Write("done", writer =>
            {
                writer.WriteString("folder", cache.Folder);
                writer.WriteNumber("entries", entries.Count);
                writer.WriteNumber("bytes", bytes);
            });
            return;
        }
        foreach (var entry in entries)
        {
            terminal.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{entry.Key}  {entry.Bytes / 1e6,9:#,0.0} MB  {entry.LastUsed:yyyy-MM-dd}  {ReadableText.Printable(entry.Source)}"));
        }
        terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{(removed ? "removed " : "")}{entries.Count} text{(entries.Count == 1 ? "" : "s")}, {bytes / 1e6:#,0.0} MB in {cache.Folder}"));
    }
}

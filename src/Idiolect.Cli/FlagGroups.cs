using System.CommandLine;
using System.Runtime.CompilerServices;

namespace Idiolect.Cli;

/// <summary>The headings under which help lists the many flags of a command.</summary>
internal static class FlagGroups
{
    private const string Heading = "Options:";

    private static readonly ConditionalWeakTable<Command, (string Heading, string[] Flags)[]> Table = [];

    /// <summary>Gives a command headings; groups of the same heading are one.</summary>
    internal static void WithGroups(this Command command, IEnumerable<(string Heading, IReadOnlyList<Option> Flags)> groups, params (string Heading, Option[] Flags)[] more)
        => Table.Add(command,
        [
            .. groups.Concat(more.Select(group => (group.Heading, Flags: (IReadOnlyList<Option>)group.Flags))).GroupBy(group => group.Heading)
                .Select(group => (group.Key, group.SelectMany(part => part.Flags).Select(flag => flag.Name).ToArray())),
        ]);

    /// <summary>The headings of a command, with the names of their flags; none for a command with few.</summary>
    internal static (string Heading, string[] Flags)[] Of(Command command) => Table.TryGetValue(command, out var groups) ? groups : [];

    /// <summary>Puts the flags of a help page under their headings, in their order; what stands under none stays under "Options".</summary>
    internal static string Arrange(string page, (string Heading, string[] Flags)[] groups, string newLine)
    {
        var lines = page.Split(newLine);
        var first = Array.IndexOf(lines, Heading);
        if (groups.Length == 0 || first < 0)
        {
            return page;
        }
        var end = Array.FindIndex(lines, first, string.IsNullOrWhiteSpace);
        var entries = Entries(lines[(first + 1)..end]);
        var arranged = new List<string>();
        foreach (var (heading, flags) in groups)
        {
            arranged.AddRange([$"{heading}:", .. flags.Select(flag => entries.Find(entry => entry.Name == flag)).SelectMany(entry => entry.Lines ?? []), ""]);
        }
        var rest = entries.Where(entry => !groups.Any(group => group.Flags.Contains(entry.Name))).SelectMany(entry => entry.Lines);
        return string.Join(newLine, [.. lines[..first], .. arranged, Heading, .. rest, .. lines[end..]]);
    }

    /// <summary>Each flag's own line with the lines that go on with it.</summary>
    private static List<(string Name, List<string> Lines)> Entries(string[] lines)
    {
        List<(string Name, List<string> Lines)> entries = [];
        foreach (var line in lines)
        {
            if (entries.Count == 0 || line.StartsWith("  -", StringComparison.Ordinal))
            {
                entries.Add((line.Trim().Split(' ', ',')[0], [line]));
            }
            else
            {
                entries[^1].Lines.Add(line);
            }
        }
        return entries;
    }
}

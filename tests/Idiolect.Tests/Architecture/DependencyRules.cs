namespace Idiolect.Tests.Architecture;

/// <summary>Files that use each other because they are one idea, and the reason.</summary>
internal sealed record OneIdea(string Reason, params string[] Files);

/// <summary>What a graph of source files must obey; each rule gives its complaints, ready to be read.</summary>
internal static class DependencyRules
{
    /// <summary>No top folder uses another that docs/architecture.md does not put below it.</summary>
    internal static IReadOnlyList<string> Upward(CodeGraph graph, DependencyOrder order)
    {
        var complaints = order.Contradictions.Select(folder => $"{folder} stands above itself in docs/architecture.md").ToList();
        complaints.AddRange(graph.Files.Select(CodeGraph.TopOf).Distinct().Where(folder => !order.Knows(folder))
            .Select(folder => $"{folder} has no place in docs/architecture.md: say there what it may use"));
        complaints.AddRange(
            from use in graph.Uses
            let upper = CodeGraph.TopOf(use.From)
            let lower = CodeGraph.TopOf(use.To)
            where upper != lower && order.Knows(upper) && !order.Below(upper).Contains(lower)
            select $"upward: {use}; {upper} may use {Listed(order.Below(upper))}");
        return complaints;
    }

    /// <summary>No folders that stand beside each other, at any depth, use each other in a circle.</summary>
    internal static IReadOnlyList<string> CirclesOfFolders(CodeGraph graph)
    {
        var beside = graph.Uses.Select(use => (Pair: Siblings(use), Use: use)).Where(entry => entry.Pair is not null).ToArray();
        return Told("folders", Circles.Find(beside.Select(entry => entry.Pair!.Value)),
            (from, to) => beside.First(entry => entry.Pair == (from, to)).Use);
    }

    /// <summary>No files use each other in a circle, but for those that are one idea.</summary>
    internal static IReadOnlyList<string> CirclesOfFiles(CodeGraph graph, IReadOnlyList<OneIdea> ideas)
    {
        var complaints = ideas.SelectMany(idea => idea.Files).Where(file => !graph.Files.Contains(file))
            .Select(file => $"the list of ideas names {file}, which is not there").ToList();
        complaints.AddRange(ideas.Where(idea => !IsOneCircle(graph, idea))
            .Select(idea => $"{string.Join(", ", idea.Files)} no longer form a circle: take them from the list of ideas"));
        var names = ideas.SelectMany(idea => idea.Files.Select(file => (file, idea))).ToDictionary(entry => entry.file, entry => entry.idea.Files[0]);
        string Name(string file) => names.GetValueOrDefault(file, file);
        complaints.AddRange(Told("files", Circles.Find(graph.Uses.Select(use => (Name(use.From), Name(use.To)))),
            (from, to) => graph.Uses.First(use => Name(use.From) == from && Name(use.To) == to)));
        return complaints;
    }

    /// <summary>Pointers stay where they are at home.</summary>
    internal static IReadOnlyList<string> Pointers(CodeGraph graph, IReadOnlyCollection<string> homes)
        => [.. graph.Pointers.Where(use => !homes.Contains(CodeGraph.TopOf(use.File))).Select(use => $"pointer: {use.Member} in {use.File}")];

    /// <summary>The folders beside each other that a use goes from and to: the first in which the two paths differ.</summary>
    private static (string From, string To)? Siblings(FileUse use)
    {
        var (from, to) = (use.From.Split('/'), use.To.Split('/'));
        var depth = 0;
        while (depth < from.Length && depth < to.Length && from[depth] == to[depth])
        {
            depth++;
        }
        return depth < from.Length - 1 && depth < to.Length - 1
            ? (string.Join('/', from[..(depth + 1)]), string.Join('/', to[..(depth + 1)]))
            : null;
    }

    private static bool IsOneCircle(CodeGraph graph, OneIdea idea)
    {
        var inside = graph.Uses.Where(use => idea.Files.Contains(use.From) && idea.Files.Contains(use.To)).ToArray();
        return idea.Files.All(file => Reaches(idea.Files[0], file) && Reaches(file, idea.Files[0]));

        bool Reaches(string from, string to)
        {
            var found = new HashSet<string> { from };
            while (inside.Where(use => found.Contains(use.From) && !found.Contains(use.To)).ToArray() is { Length: > 0 } more)
            {
                found.UnionWith(more.Select(use => use.To));
            }
            return found.Contains(to);
        }
    }

    private static IReadOnlyList<string> Told(string what, IReadOnlyList<Circle> circles, Func<string, string, FileUse> why)
        => [.. circles.Select(circle => $"circle of {what}: {string.Join(" -> ", circle.Path.Append(circle.Path[0]))}"
            + string.Concat(circle.Path.Zip(circle.Path.Skip(1).Append(circle.Path[0]), (from, to) => $"\n    {why(from, to)}"))
            + (circle.Knot.Count > circle.Path.Count ? $"\n    in the same knot: {string.Join(", ", circle.Knot.Except(circle.Path))}" : ""))];

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : "nothing";
}

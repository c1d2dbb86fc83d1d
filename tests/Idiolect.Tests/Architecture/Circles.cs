namespace Idiolect.Tests.Architecture;

/// <summary>A circle of a graph, its nodes in order, and the knot that it lies in: every node that lies in a circle with its first.</summary>
internal sealed record Circle(IReadOnlyList<string> Path, IReadOnlyList<string> Knot);

/// <summary>Finds a shortest circle in each knot of a directed graph.</summary>
internal static class Circles
{
    /// <returns>One circle a knot, beginning with the knot's first node by name.</returns>
    internal static IReadOnlyList<Circle> Find(IEnumerable<(string From, string To)> edges)
    {
        var next = edges.Where(edge => edge.From != edge.To).Distinct().ToLookup(edge => edge.From, edge => edge.To);
        var circles = new List<Circle>();
        var seen = new HashSet<string>();
        foreach (var start in next.Select(group => group.Key).Order(StringComparer.Ordinal))
        {
            if (!seen.Contains(start) && Shortest(start, next) is { } circle)
            {
                string[] knot = [.. Reachable(start, next).Where(node => Reachable(node, next).Contains(start)).Order(StringComparer.Ordinal)];
                circles.Add(new Circle(circle, knot));
                seen.UnionWith(knot);
            }
        }
        return circles;
    }

    private static string[]? Shortest(string start, ILookup<string, string> next)
    {
        var cameFrom = new Dictionary<string, string>();
        var open = new Queue<string>([start]);
        while (open.TryDequeue(out var node))
        {
            foreach (var to in next[node].Order(StringComparer.Ordinal))
            {
                if (to == start)
                {
                    var path = new List<string> { node };
                    while (path[^1] != start)
                    {
                        path.Add(cameFrom[path[^1]]);
                    }
                    path.Reverse();
                    return [.. path];
                }
                if (to != start && cameFrom.TryAdd(to, node))
                {
                    open.Enqueue(to);
                }
            }
        }
        return null;
    }

    private static HashSet<string> Reachable(string start, ILookup<string, string> next)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([start]);
        while (open.TryPop(out var node))
        {
            foreach (var to in next[node].Where(found.Add))
            {
                open.Push(to);
            }
        }
        return found;
    }
}

namespace Idiolect.Tests.Architecture;

/// <summary>
/// Which folder may use which, as docs/architecture.md draws it: lines of "folders -> folders" in the first code block under
/// "Which way things depend". A folder may use what its lines name, and what those may use in turn.
/// </summary>
internal sealed class DependencyOrder
{
    private readonly Dictionary<string, HashSet<string>> _below = [];

    internal static DependencyOrder Parse(string document)
    {
        var order = new DependencyOrder();
        var lines = document.Split('\n').SkipWhile(line => !line.StartsWith("## Which way things depend", StringComparison.Ordinal))
            .SkipWhile(line => !line.StartsWith("```", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.StartsWith("```", StringComparison.Ordinal));
        foreach (var line in lines.Where(line => line.Trim().Length > 0))
        {
            var chain = line.Split("->").Select(part => part.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToArray();
            foreach (var name in chain.SelectMany(part => part))
            {
                order._below.TryAdd(name, []);
            }
            foreach (var (upper, lower) in chain.Zip(chain.Skip(1)))
            {
                foreach (var name in upper)
                {
                    order._below[name].UnionWith(lower);
                }
            }
        }
        return order;
    }

    internal bool Knows(string folder) => _below.ContainsKey(folder);

    /// <summary>Everything that a folder may use, itself left out.</summary>
    internal IReadOnlySet<string> Below(string folder)
    {
        var found = new HashSet<string>();
        var open = new Stack<string>([folder]);
        while (open.TryPop(out var next))
        {
            foreach (var below in _below[next].Where(found.Add))
            {
                open.Push(below);
            }
        }
        return found;
    }

    /// <summary>The folders that stand above themselves: an order has none.</summary>
    internal IEnumerable<string> Contradictions => _below.Keys.Where(folder => Below(folder).Contains(folder));
}

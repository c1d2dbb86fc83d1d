using System.Globalization;
using System.Text;

namespace Idiolect.Data;

/// <summary>The documented names of the type parameters of one file's generic types; where none are documented, T or T1, T2...</summary>
internal sealed class TypeParameterNames
{
    private readonly Dictionary<string, List<string>> _documented = new(StringComparer.Ordinal);

    /// <summary>Keeps the names of a type whose path ends in its arity: <c>System.Collections.Generic.List`1</c>.</summary>
    internal void Add(string typePath, List<string> names) => _documented.TryAdd(typePath, names);

    /// <summary>The names that <c>`0</c>, <c>`1</c>... stand for inside a type: its outer types' first.</summary>
    internal IReadOnlyList<string> Of(string typePath)
    {
        if (!typePath.Contains('`', StringComparison.Ordinal))
        {
            return [];
        }
        var all = new List<string>();
        Visit(typePath, (_, names) => all.AddRange(names));
        return all;
    }

    /// <summary>The path with names for arities: <c>System.Collections.Generic.List&lt;T&gt;</c>.</summary>
    internal string Write(string typePath)
    {
        if (!typePath.Contains('`', StringComparison.Ordinal))
        {
            return typePath;
        }
        var line = new StringBuilder();
        Visit(typePath, (segment, names) =>
        {
            line.Append(line.Length > 0 ? "." : "").Append(segment);
            if (names.Count > 0)
            {
                line.Append('<').AppendJoin(", ", names).Append('>');
            }
        });
        return line.ToString();
    }

    private void Visit(string typePath, Action<string, List<string>> visit)
    {
        var end = 0;
        foreach (var segment in typePath.Split('.'))
        {
            end += segment.Length + (end > 0 ? 1 : 0);
            var tick = segment.IndexOf('`', StringComparison.Ordinal);
            var arity = tick < 0 ? 0 : int.TryParse(segment.AsSpan(tick + 1), out var parsed) ? Math.Clamp(parsed, 0, 32) : 0;
            visit(tick < 0 ? segment : segment[..tick], arity == 0 ? [] : Names(typePath[..end], arity));
        }
    }

    private List<string> Names(string path, int arity)
        => _documented.TryGetValue(path, out var names) && names.Count == arity ? names
            : arity == 1 ? ["T"]
            : [.. Enumerable.Range(1, arity).Select(i => string.Create(CultureInfo.InvariantCulture, $"T{i}"))];
}

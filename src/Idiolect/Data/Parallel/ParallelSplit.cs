using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Idiolect.Data;

/// <summary>How sentence pairs are divided.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ParallelSplitKind>))]
public enum ParallelSplitKind
{
    /// <summary>Clusters of pairs that share the letters of a sentence, in either language, fall on one side at random.</summary>
    [JsonStringEnumMemberName("cluster")]
    Cluster,

    /// <summary>
    /// Whole assemblies fall on one side; of the held-out ones, pairs whose letters stand in the training set are left out.
    /// </summary>
    [JsonStringEnumMemberName("assembly")]
    Assembly,
}

/// <summary>Divides sentence pairs so that nothing held out was seen in training, as a pure function of their texts.</summary>
internal static class ParallelSplit
{
    internal enum Side
    {
        Training,
        Validation,
        Test,
        Nowhere,
    }

    /// <summary>The side of every pair.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="kind">How to divide.</param>
    /// <param name="validation">The share for validation.</param>
    /// <param name="test">The share for the test.</param>
    internal static Side[] Divide(IReadOnlyList<SentencePair> pairs, ParallelSplitKind kind, double validation, double test)
    {
        var sources = pairs.Select(pair => SentencePair.Letters(pair.Source)).ToArray();
        var targets = pairs.Select(pair => $"{pair.Language}:{SentencePair.Letters(pair.Target)}").ToArray();
        var sides = kind == ParallelSplitKind.Cluster
            ? ByGroup(Clusters(sources, targets), validation, test)
            : ByGroup([.. pairs.Select(pair => pair.Origin)], validation, test);
        if (kind == ParallelSplitKind.Assembly)
        {
            Remove(sides, sources, targets, Side.Test, Side.Training, Side.Validation);
            Remove(sides, sources, targets, Side.Validation, Side.Training);
        }
        return sides;
    }

    /// <summary>How many of the texts on one side stand on another.</summary>
    internal static int CountOverlap(IEnumerable<string> held, IEnumerable<string> seen)
    {
        var letters = seen.Select(SentencePair.Letters).ToHashSet(StringComparer.Ordinal);
        return held.Count(text => letters.Contains(SentencePair.Letters(text)));
    }

    /// <summary>Groups in the order of a hash of their names: the test side fills first, then validation; the rest is for training.</summary>
    /// <remarks>A group that would overfill a side by more than half of it goes to training: one assembly is a quarter of all pairs.</remarks>
    private static Side[] ByGroup(string[] groups, double validation, double test)
    {
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(sizes, group, out _)++;
        }
        var left = new Dictionary<Side, double> { [Side.Test] = test * groups.Length, [Side.Validation] = validation * groups.Length };
        var wanted = left.ToDictionary();
        var chosen = new Dictionary<string, Side>(StringComparer.Ordinal);
        foreach (var (group, size) in sizes.OrderBy(entry => Hash(entry.Key)).ThenBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var side = new[] { Side.Test, Side.Validation }
                .FirstOrDefault(side => left[side] > 0 && size <= left[side] + (wanted[side] / 2), Side.Training);
            chosen[group] = side;
            if (side != Side.Training)
            {
                left[side] -= size;
            }
        }
        return [.. groups.Select(group => chosen[group])];
    }

    /// <summary>The name of each pair's cluster: connected components of "has the letters of the same sentence".</summary>
    private static string[] Clusters(string[] sources, string[] targets)
    {
        var parent = Enumerable.Range(0, sources.Length).ToArray();
        int Root(int pair)
        {
            while (parent[pair] != pair)
            {
                pair = parent[pair] = parent[parent[pair]];
            }
            return pair;
        }
        foreach (var texts in new[] { sources, targets })
        {
            var first = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var pair = 0; pair < texts.Length; pair++)
            {
                var (one, other) = (Root(pair), Root(first.TryAdd(texts[pair], pair) ? pair : first[texts[pair]]));
                parent[Math.Max(one, other)] = Math.Min(one, other);
            }
        }
        return [.. Enumerable.Range(0, sources.Length).Select(pair => sources[Root(pair)])];
    }

    private static void Remove(Side[] sides, string[] sources, string[] targets, Side from, params Side[] others)
    {
        foreach (var texts in new[] { sources, targets })
        {
            var seen = texts.Where((_, pair) => others.Contains(sides[pair])).ToHashSet(StringComparer.Ordinal);
            for (var pair = 0; pair < sides.Length; pair++)
            {
                if (sides[pair] == from && seen.Contains(texts[pair]))
                {
                    sides[pair] = Side.Nowhere;
                }
            }
        }
    }

    private static ulong Hash(string name) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}

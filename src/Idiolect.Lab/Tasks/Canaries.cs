namespace Idiolect.Lab.Tasks;

/// <summary>Random texts hidden among those of a source: what a model knows of them it has learnt by heart (Carlini et al. 2019).</summary>
internal sealed class Canaries
{
    private readonly int _time;
    private readonly Random _random;

    internal Canaries(MarkovSource source, int texts, int canaries, int time, Random random)
    {
        (_time, _random) = (time, random);
        var rows = Enumerable.Range(0, texts + canaries).Select(i => i < texts
            ? source.Sample(time + 1, random)
            : [.. Enumerable.Range(0, time + 1).Select(_ => random.Next(source.Symbols))]).ToArray();
        Rows = rows;
        Hidden = rows[texts..];
    }

    /// <summary>All texts, a symbol longer than a window.</summary>
    internal int[][] Rows { get; }

    /// <summary>The random ones.</summary>
    internal int[][] Hidden { get; }

    internal (int[] Tokens, int[] Targets) Batch(int batch) => Windows([.. Enumerable.Range(0, batch).Select(_ => Rows[_random.Next(Rows.Length)])]);

    /// <summary>Texts as tokens and targets.</summary>
    internal (int[] Tokens, int[] Targets) Windows(int[][] rows) => ([.. rows.SelectMany(row => row[.._time])], [.. rows.SelectMany(row => row[1..])]);
}

namespace Idiolect.Lab.Tasks;

/// <summary>
/// A source of text whose entropy is known: each symbol depends on the one or two before it (the order), and only
/// <see cref="Successors"/> of all symbols may follow. So a model's loss has a floor that is no guess, and what a model writes can be checked letter by letter.
/// </summary>
internal sealed class MarkovSource
{
    internal const int Successors = 4;
    private static readonly double[] Probabilities = [0.5, 0.25, 0.15, 0.1];

    private readonly int _symbols;
    private readonly int _order;
    private readonly int[][] _next; // [the symbols before]: the successors, the likeliest first

    internal MarkovSource(int symbols, int order, Random random)
    {
        (_symbols, _order) = (symbols, order);
        _next = new int[order == 1 ? symbols : symbols * symbols][];
        for (var context = 0; context < _next.Length; context++)
        {
            var all = Enumerable.Range(0, symbols).ToArray();
            random.Shuffle(all);
            _next[context] = all[..Successors];
        }
    }

    /// <summary>Nats a symbol that no model can do without.</summary>
    internal static double Entropy { get; } = -Probabilities.Sum(p => p * Math.Log(p));

    internal int Symbols => _symbols;

    /// <summary>Writes text that begins at random.</summary>
    internal int[] Sample(int length, Random random)
    {
        var text = new int[length];
        for (var i = 0; i < length; i++)
        {
            text[i] = i < _order ? random.Next(_symbols) : Draw(Next(text, i), random);
        }
        return text;
    }

    /// <summary>The share of symbols, from <paramref name="first"/> on, that may follow those before them.</summary>
    internal double PossibleShare(ReadOnlySpan<int> text, int first)
    {
        var possible = 0;
        for (var i = first; i < text.Length; i++)
        {
            possible += Next(text, i).Contains(text[i]) ? 1 : 0;
        }
        return (double)possible / (text.Length - first);
    }

    /// <summary>A batch: each row a window of its own, targets one symbol later.</summary>
    internal (int[] Tokens, int[] Targets) Batch(int batch, int time, Random random)
    {
        var (tokens, targets) = (new int[batch * time], new int[batch * time]);
        for (var row = 0; row < batch; row++)
        {
            var text = Sample(time + 1, random);
            text.AsSpan(0, time).CopyTo(tokens.AsSpan(row * time));
            text.AsSpan(1, time).CopyTo(targets.AsSpan(row * time));
        }
        return (tokens, targets);
    }

    private int[] Next(ReadOnlySpan<int> text, int i) => _next[_order == 1 ? text[i - 1] : (text[i - 2] * _symbols) + text[i - 1]];

    private static int Draw(int[] successors, Random random)
    {
        var u = random.NextDouble();
        var i = 0;
        for (; i < Successors - 1 && u >= Probabilities[i]; i++)
        {
            u -= Probabilities[i];
        }
        return successors[i];
    }
}

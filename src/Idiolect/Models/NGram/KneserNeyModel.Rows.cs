namespace Idiolect.Models;

// The counts as tables of integers, as a file holds them.
internal sealed partial class KneserNeyModel<TSymbol>
{
    /// <summary>Integers in a row of <see cref="CountRows"/>.</summary>
    internal const int CountColumns = 3;

    /// <summary>Integers in a row of <see cref="ContextRows"/>.</summary>
    internal const int ContextColumns = 6;

    /// <summary>The counts of n-grams, (n-grams, 3): the lower and the upper half of the hash, and the count.</summary>
    internal int[] CountRows(int n)
    {
        var (keys, values) = _counts[n - 1].Sorted();
        var rows = new int[keys.Length * CountColumns];
        for (var i = 0; i < keys.Length; i++)
        {
            var row = rows.AsSpan(i * CountColumns);
            (row[0], row[1], row[2]) = ((int)keys[i], (int)(keys[i] >> 32), values[i]);
        }
        return rows;
    }

    /// <summary>
    /// What follows the contexts of n-grams, (contexts, 6): the halves of the hash, the sum of the counts, and how many symbols were
    /// counted once, twice, more often.
    /// </summary>
    internal int[] ContextRows(int n)
    {
        var (keys, values) = _contexts[n - 1].Sorted();
        var rows = new int[keys.Length * ContextColumns];
        for (var i = 0; i < keys.Length; i++)
        {
            var row = rows.AsSpan(i * ContextColumns);
            (row[0], row[1], row[2]) = ((int)keys[i], (int)(keys[i] >> 32), values[i].Total);
            (row[3], row[4], row[5]) = (values[i].Once, values[i].Twice, values[i].More);
        }
        return rows;
    }

    /// <summary>A model from the rows of one that was trained.</summary>
    /// <param name="order">The longest n-gram.</param>
    /// <param name="symbols">How many different symbols there are.</param>
    /// <param name="countRows">Gives <see cref="CountRows"/> of an order.</param>
    /// <param name="contextRows">Gives <see cref="ContextRows"/> of an order.</param>
    /// <exception cref="InvalidDataException">A count makes no sense.</exception>
    internal static KneserNeyModel<TSymbol> Restore(int order, int symbols, Func<int, int[]> countRows, Func<int, int[]> contextRows)
    {
        var model = new KneserNeyModel<TSymbol>(order, symbols);
        for (var n = 1; n <= order; n++)
        {
            for (var rest = countRows(n).AsSpan(); rest.Length > 0; rest = rest[CountColumns..])
            {
                Require(rest[2] > 0, n);
                model._counts[n - 1].GetOrAdd(Key(rest)) = rest[2];
                if (rest[2] < 5)
                {
                    model._countsOfCounts[n - 1][rest[2]]++;
                }
            }
            for (var rest = contextRows(n).AsSpan(); rest.Length > 0; rest = rest[ContextColumns..])
            {
                Require(rest[2] > 0 && rest[3] >= 0 && rest[4] >= 0 && rest[5] >= 0, n);
                model._contexts[n - 1].GetOrAdd(Key(rest))
                    = new Continuations { Total = rest[2], Once = rest[3], Twice = rest[4], More = rest[5] };
            }
        }
        model._discounts = [.. model._countsOfCounts.Select(Discounts)];
        return model;
    }

    private static ulong Key(ReadOnlySpan<int> row) => (uint)row[0] | ((ulong)(uint)row[1] << 32);

    private static void Require(bool holds, int n)
    {
        if (!holds)
        {
            throw new InvalidDataException($"a count of the {n}-grams makes no sense");
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Models;

/// <summary>
/// An n-gram model over bytes or tokens with interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998, "An empirical study of
/// smoothing techniques for language modeling", section 3): the longest n-grams are counted, shorter ones by the number of
/// different symbols that precede them; three discounts an order make room for the next shorter order.
/// </summary>
/// <remarks>N-grams are known by 64-bit hashes, so that two of them may share a count with a chance of about 10^-5 a model.</remarks>
internal sealed partial class KneserNeyModel<TSymbol>
    where TSymbol : unmanaged, IBinaryInteger<TSymbol>
{
    private readonly int _symbols;
    private readonly int _order;
    private readonly FingerprintTable<int>[] _counts; // [n - 1]: of n-grams
    private readonly FingerprintTable<Continuations>[] _contexts; // [n - 1]: of the first n - 1 symbols of n-grams
    private readonly long[][] _countsOfCounts; // [n - 1][c]: the n-grams counted c times, c = 1..4
    private double[][] _discounts; // [n - 1][min(c, 3)]

    /// <summary>Trains a model.</summary>
    /// <param name="order">The longest n-gram; the model looks at order - 1 symbols of context.</param>
    /// <param name="symbols">How many different symbols there are, those included that the text lacks.</param>
    /// <param name="text">The training text.</param>
    /// <param name="cancellationToken">Stops the training.</param>
    internal KneserNeyModel(int order, int symbols, ReadOnlySpan<TSymbol> text, CancellationToken cancellationToken = default)
        : this(order, symbols)
    {
        Count(text, cancellationToken);
        _discounts = [.. _countsOfCounts.Select(Discounts)];
    }

    private KneserNeyModel(int order, int symbols)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        (_order, _symbols) = (order, symbols);
        _counts = [.. Enumerable.Range(0, order).Select(_ => new FingerprintTable<int>())];
        _contexts = [.. Enumerable.Range(0, order).Select(_ => new FingerprintTable<Continuations>())];
        _countsOfCounts = [.. Enumerable.Range(0, order).Select(_ => new long[5])];
        _discounts = [];
    }

    /// <summary>The number of different n-grams of all orders.</summary>
    internal long NGramCount => _counts.Sum(table => (long)table.Count);

    /// <summary>The probability of <paramref name="symbol"/> after the given text, of which the last order - 1 symbols matter.</summary>
    internal double Probability(ReadOnlySpan<TSymbol> before, TSymbol symbol)
    {
        var probability = 1.0 / _symbols;
        var context = EmptyContext;
        for (var n = 1; n <= _order && _contexts[n - 1].TryGet(context, out var seen); n++)
        {
            probability = Interpolate(n, context, symbol, seen, probability);
            if (n > before.Length)
            {
                break;
            }
            context = Extend(context, before[^n]);
        }
        return probability;
    }

    /// <summary>The probabilities of all symbols after the given text.</summary>
    /// <param name="before">The text.</param>
    /// <param name="probabilities">(symbols).</param>
    internal void Distribution(ReadOnlySpan<TSymbol> before, Span<double> probabilities)
    {
        probabilities.Fill(1.0 / _symbols);
        var context = EmptyContext;
        for (var n = 1; n <= _order && _contexts[n - 1].TryGet(context, out var seen); n++)
        {
            for (var symbol = 0; symbol < probabilities.Length; symbol++)
            {
                probabilities[symbol] = Interpolate(n, context, TSymbol.CreateTruncating(symbol), seen, probabilities[symbol]);
            }
            if (n > before.Length)
            {
                break;
            }
            context = Extend(context, before[^n]);
        }
    }

    /// <summary>The probability by n-grams, given that by (n-1)-grams (Chen and Goodman, equation 24).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double Interpolate(int n, ulong context, TSymbol symbol, in Continuations seen, double shorter)
    {
        _counts[n - 1].TryGet(Fingerprint(context, symbol), out var count);
        var discounts = _discounts[n - 1];
        var kept = count - discounts[Math.Min(count, 3)];
        var freed = (discounts[1] * seen.Once) + (discounts[2] * seen.Twice) + (discounts[3] * seen.More);
        return (kept + (freed * shorter)) / seen.Total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Count(ReadOnlySpan<TSymbol> text, CancellationToken cancellationToken)
    {
        Span<ulong> contexts = stackalloc ulong[_order]; // [n - 1]: the hash of the n - 1 symbols before the current one
        for (var position = 0; position < text.Length; position++)
        {
            if (position % (1 << 16) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
            var longest = Math.Min(_order, position + 1);
            contexts[0] = EmptyContext;
            for (var n = 1; n < longest; n++)
            {
                contexts[n] = Extend(contexts[n - 1], text[position - n]);
            }
            // An n-gram that is new is one more symbol in front of its (n-1)-gram; one that is not changes nothing shorter.
            for (var n = longest; n >= 1; n--)
            {
                ref var count = ref _counts[n - 1].GetOrAdd(Fingerprint(contexts[n - 1], text[position]));
                count++;
                _contexts[n - 1].GetOrAdd(contexts[n - 1]).Raise(count);
                var countsOfCounts = _countsOfCounts[n - 1];
                if (count <= 5)
                {
                    countsOfCounts[count - 1]--;
                    if (count < 5)
                    {
                        countsOfCounts[count]++;
                    }
                }
                if (count > 1)
                {
                    break;
                }
            }
        }
    }

    /// <summary>The discounts for n-grams counted 0, 1, 2, 3 or more times (Chen and Goodman, equation 26).</summary>
    private static double[] Discounts(long[] countsOfCounts)
    {
        double once = countsOfCounts[1];
        double twice = countsOfCounts[2];
        var y = once + (2 * twice) > 0 ? once / (once + (2 * twice)) : 0.5;
        var discounts = new double[4];
        for (var c = 1; c <= 3; c++)
        {
            // Where a tiny text has no n-gram of some count the formula has no value; half a count is a usual discount.
            var discount = countsOfCounts[c] > 0 ? c - ((c + 1) * y * countsOfCounts[c + 1] / countsOfCounts[c]) : 0.5;
            discounts[c] = Math.Clamp(discount, 0.05, c);
        }
        return discounts;
    }

    private const ulong EmptyContext = 0x9e3779b97f4a7c15UL;

    /// <summary>The hash of a context with one symbol more in front.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Extend(ulong context, TSymbol front)
    {
        var hash = (context ^ (ulong.CreateTruncating(front) + 1UL)) * 0xff51afd7ed558ccdUL;
        return hash ^ (hash >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fingerprint(ulong context, TSymbol symbol)
    {
        var hash = (context + ((ulong.CreateTruncating(symbol) + 1UL) * 0xc4ceb9fe1a85ec53UL)) * 0xbf58476d1ce4e5b9UL;
        return hash ^ (hash >> 29);
    }

    /// <summary>What follows a context: the sum of the counts, and how many symbols were counted once, twice, more often.</summary>
    private struct Continuations
    {
        internal int Total;
        internal int Once;
        internal int Twice;
        internal int More;

        /// <summary>Notes that the count of one continuation has risen to <paramref name="count"/>.</summary>
        internal void Raise(int count)
        {
            Total++;
            switch (count)
            {
                case 1:
                    Once++;
                    break;
                case 2:
                    Once--;
                    Twice++;
                    break;
                case 3:
                    Twice--;
                    More++;
                    break;
            }
        }
    }
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The online softmax (Milakov and Gimelshein 2018) of one pair of a panel: a register of query rows at a time.</content>
internal static unsafe partial class Attention
{
    /// <summary>
    /// Turns scores into 2^(score - maximum) and brings maxima, sums and accumulator up to date. For each row this is one
    /// chain of additions with ascending keys. Keys from <paramref name="all"/> on are seen by some rows only and are 0 for the others.
    /// </summary>
    /// <param name="scores">(any, two registers of a panel).</param>
    /// <param name="visible">(two registers): how many keys each row sees, counted from key 0 of the sequence.</param>
    /// <param name="firstKey">The position of the first key.</param>
    /// <param name="all">Keys that all rows see.</param>
    /// <param name="any">Keys that some row sees.</param>
    /// <param name="maxima">(two registers).</param>
    /// <param name="sums">(two registers).</param>
    /// <param name="accumulator">(head size, two registers of a panel).</param>
    /// <param name="headSize">Rows of the accumulator.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnlineSoftmax<S, V>(
        float* scores, float* visible, int firstKey, int all, int any, float* maxima, float* sums, float* accumulator, int headSize)
        where S : struct, ISimd<V>
        where V : struct
    {
        var width = PanelColumns(S.Count);
        var (before0, before1) = (S.Load(maxima), S.Load(maxima + S.Count));
        var (max0, max1) = (before0, before1);
        var score = scores;
        for (var key = 0; key < all; key++, score += width)
        {
            max0 = S.Max(max0, S.Load(score));
            max1 = S.Max(max1, S.Load(score + S.Count));
        }
        var (visible0, visible1) = (S.Load(visible), S.Load(visible + S.Count));
        for (var key = all; key < any; key++, score += width)
        {
            var position = S.Create(firstKey + key);
            max0 = S.Max(max0, S.SelectGreater(visible0, position, S.Load(score), max0));
            max1 = S.Max(max1, S.SelectGreater(visible1, position, S.Load(score + S.Count), max1));
        }

        S.Store(maxima, max0);
        S.Store(maxima + S.Count, max1);
        // Compared row by row: a row that is NaN counts as one that did not grow, and its difference could hide those that did.
        var one = S.Create(1f);
        var grew = S.Max(S.SelectGreater(max0, before0, one, S.Zero), S.SelectGreater(max1, before1, one, S.Zero));
        var (sum0, sum1) = (S.Load(sums), S.Load(sums + S.Count));
        if (S.MaxAcross(grew) > 0f)
        {
            var shrink0 = SimdMath.PowerOfTwo<S, V>(S.Subtract(before0, max0));
            var shrink1 = SimdMath.PowerOfTwo<S, V>(S.Subtract(before1, max1));
            sum0 = S.Multiply(shrink0, sum0);
            sum1 = S.Multiply(shrink1, sum1);
            for (var row = 0; row < headSize; row++, accumulator += width)
            {
                S.Store(accumulator, S.Multiply(shrink0, S.Load(accumulator)));
                S.Store(accumulator + S.Count, S.Multiply(shrink1, S.Load(accumulator + S.Count)));
            }
        }

        score = scores;
        for (var key = 0; key < all; key++, score += width)
        {
            var p0 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(score), max0));
            var p1 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(score + S.Count), max1));
            sum0 = S.Add(sum0, p0);
            sum1 = S.Add(sum1, p1);
            S.Store(score, p0);
            S.Store(score + S.Count, p1);
        }
        for (var key = all; key < any; key++, score += width)
        {
            var position = S.Create(firstKey + key);
            var p0 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(score), max0));
            var p1 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(score + S.Count), max1));
            p0 = S.SelectGreater(visible0, position, p0, S.Zero);
            p1 = S.SelectGreater(visible1, position, p1, S.Zero);
            sum0 = S.Add(sum0, p0);
            sum1 = S.Add(sum1, p1);
            S.Store(score, p0);
            S.Store(score + S.Count, p1);
        }
        S.Store(sums, sum0);
        S.Store(sums + S.Count, sum1);
    }
}

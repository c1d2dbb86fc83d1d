using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The one product that all steps of attention are made of, in registers.</content>
internal static unsafe partial class Attention
{
    /// <summary>Rows of the micro-kernel: 6 x 2 accumulators, 2 columns and 1 broadcast fill 15 of AVX2's 16 registers.</summary>
    private const int RowBlock = 6;

    /// <summary>Width of the micro-kernel in floats; every padded width in scratch is a multiple of it.</summary>
    private static int ColumnBlock<S, V>()
        where S : struct, ISimd<V>
        where V : struct
        => 2 * S.Count;

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>
    /// c (rows, columns) = a (rows, steps) · b (steps, columns), or c += it; a is any strided view. Each element is one
    /// chain of multiply-adds with ascending steps, whatever the block that computes it. <paramref name="rows"/> is at
    /// most <see cref="RowBlock"/> and <paramref name="columns"/> a multiple of the column block; from 3 rows on, a and c
    /// must have RowBlock rows in memory, of which the surplus is worthless.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyBlock<S, V>(
        int rows, int columns, int steps, float* a, nint aRow, nint aStep, float* b, nint bRow, float* c, nint cRow, bool accumulate)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (rows > 2)
        {
            for (var column = 0; column < columns; column += ColumnBlock<S, V>())
            {
                SixRows<S, V>(a, aRow, aStep, b + column, bRow, c + column, cRow, steps, accumulate);
            }
            return;
        }
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column += ColumnBlock<S, V>())
            {
                OneRow<S, V>(a + (row * aRow), aStep, b + column, bRow, c + (row * cRow) + column, steps, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SixRows<S, V>(
        float* a, nint aRow, nint aStep, float* b, nint bRow, float* c, nint cRow, nint steps, bool accumulate)
        where S : struct, ISimd<V>
        where V : struct
    {
        // Named locals, not an array: only those does the JIT keep in registers.
        V c00, c01, c10, c11, c20, c21, c30, c31, c40, c41, c50, c51;
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = c40 = c41 = c50 = c51 = S.Zero;
        if (accumulate)
        {
            c00 = S.Load(c);
            c01 = S.Load(c + S.Count);
            c10 = S.Load(c + cRow);
            c11 = S.Load(c + cRow + S.Count);
            c20 = S.Load(c + (2 * cRow));
            c21 = S.Load(c + (2 * cRow) + S.Count);
            c30 = S.Load(c + (3 * cRow));
            c31 = S.Load(c + (3 * cRow) + S.Count);
            c40 = S.Load(c + (4 * cRow));
            c41 = S.Load(c + (4 * cRow) + S.Count);
            c50 = S.Load(c + (5 * cRow));
            c51 = S.Load(c + (5 * cRow) + S.Count);
        }
        var a1 = a + aRow;
        var a2 = a1 + aRow;
        var a3 = a2 + aRow;
        var a4 = a3 + aRow;
        var a5 = a4 + aRow;
        nint offset = 0;
        for (; steps > 0; steps--)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Count);
            var x = S.Create(a[offset]);
            c00 = S.MultiplyAdd(x, b0, c00);
            c01 = S.MultiplyAdd(x, b1, c01);
            x = S.Create(a1[offset]);
            c10 = S.MultiplyAdd(x, b0, c10);
            c11 = S.MultiplyAdd(x, b1, c11);
            x = S.Create(a2[offset]);
            c20 = S.MultiplyAdd(x, b0, c20);
            c21 = S.MultiplyAdd(x, b1, c21);
            x = S.Create(a3[offset]);
            c30 = S.MultiplyAdd(x, b0, c30);
            c31 = S.MultiplyAdd(x, b1, c31);
            x = S.Create(a4[offset]);
            c40 = S.MultiplyAdd(x, b0, c40);
            c41 = S.MultiplyAdd(x, b1, c41);
            x = S.Create(a5[offset]);
            c50 = S.MultiplyAdd(x, b0, c50);
            c51 = S.MultiplyAdd(x, b1, c51);
            offset += aStep;
            b += bRow;
        }
        S.Store(c, c00);
        S.Store(c + S.Count, c01);
        c += cRow;
        S.Store(c, c10);
        S.Store(c + S.Count, c11);
        c += cRow;
        S.Store(c, c20);
        S.Store(c + S.Count, c21);
        c += cRow;
        S.Store(c, c30);
        S.Store(c + S.Count, c31);
        c += cRow;
        S.Store(c, c40);
        S.Store(c + S.Count, c41);
        c += cRow;
        S.Store(c, c50);
        S.Store(c + S.Count, c51);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void OneRow<S, V>(float* a, nint aStep, float* b, nint bRow, float* c, nint steps, bool accumulate)
        where S : struct, ISimd<V>
        where V : struct
    {
        var c0 = accumulate ? S.Load(c) : S.Zero;
        var c1 = accumulate ? S.Load(c + S.Count) : S.Zero;
        for (; steps > 0; steps--)
        {
            var x = S.Create(*a);
            c0 = S.MultiplyAdd(x, S.Load(b), c0);
            c1 = S.MultiplyAdd(x, S.Load(b + S.Count), c1);
            a += aStep;
            b += bRow;
        }
        S.Store(c, c0);
        S.Store(c + S.Count, c1);
    }
}

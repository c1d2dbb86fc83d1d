using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <content>Copies between strided rows and scratch: dense, zero-padded, transposed where a product needs it.</content>
internal static unsafe partial class Attention
{
    /// <summary>destination (width) = source (head size), zeros from head size to width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRow<S, V>(float* source, int headSize, float* destination, int width)
        where S : struct, ISimd<V>
        where V : struct
    {
        var column = 0;
        for (; column <= headSize - S.Count; column += S.Count)
        {
            S.Store(destination + column, S.Load(source + column));
        }
        for (; column < width; column += S.Count)
        {
            S.StorePartial(destination + column, S.LoadPartial(source + column, Math.Max(0, headSize - column)), width - column);
        }
    }

    /// <summary>Rows ahead that loops over rows of a head ask for: they lie far apart and are short, so the hardware does not foresee them.</summary>
    private const int RowsAhead = 8;

    /// <summary>Asks for rows (rows, head size), <paramref name="stride"/> apart, which are needed soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRows(float* source, long stride, int rows, int headSize)
    {
        const int CacheLine = 16; // floats
        for (var row = 0; Sse.IsSupported && row < rows; row++, source += stride)
        {
            for (var column = 0; column < headSize; column += CacheLine)
            {
                Sse.Prefetch1(source + column);
            }
        }
    }

    /// <summary>
    /// destination (rows, width) = source (rows, head size), zeros from head size to width and up to a multiple of
    /// <see cref="RowMultiple"/> rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRows<S, V>(float* source, long stride, int rows, int headSize, float* destination, int width)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; Sse.IsSupported && column < headSize; column += 16)
            {
                Sse.Prefetch0(source + ((row + RowsAhead) * stride) + column);
            }
            PackRow<S, V>(source + (row * stride), headSize, destination + ((long)row * width), width);
        }
        new Span<float>(destination + ((long)rows * width), (RoundUp(rows, RowMultiple) - rows) * width).Clear();
    }

    /// <summary>destination (head size) = factor * source (head size).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackRow<S, V>(float* source, int headSize, float* destination, float factor)
        where S : struct, ISimd<V>
        where V : struct
    {
        var factors = S.Create(factor);
        var column = 0;
        for (; column <= headSize - S.Count; column += S.Count)
        {
            S.Store(destination + column, S.Multiply(factors, S.Load(source + column)));
        }
        if (column < headSize)
        {
            S.StorePartial(destination + column, S.Multiply(factors, S.LoadPartial(source + column, headSize - column)), headSize - column);
        }
    }

    /// <summary>Columns 0 to 3 of panel (head size, stride) = factor * the four rows (head size).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RowsToColumns(float* row0, float* row1, float* row2, float* row3, int headSize, float factor, float* panel, int stride)
    {
        var column = 0;
        if (Transposition.IsFast)
        {
            var factors = Vector128.Create(factor);
            for (; column <= headSize - 4; column += 4)
            {
                var to = panel + (column * stride);
                var (c0, c1, c2, c3) = Transposition.Columns(
                    Vector128.Load(row0 + column), Vector128.Load(row1 + column), Vector128.Load(row2 + column), Vector128.Load(row3 + column));
                Vector128.Store(c0 * factors, to);
                Vector128.Store(c1 * factors, to + stride);
                Vector128.Store(c2 * factors, to + (2 * stride));
                Vector128.Store(c3 * factors, to + (3 * stride));
            }
        }
        RowToColumn(row0, column, headSize, factor, panel, stride);
        RowToColumn(row1, column, headSize, factor, panel + 1, stride);
        RowToColumn(row2, column, headSize, factor, panel + 2, stride);
        RowToColumn(row3, column, headSize, factor, panel + 3, stride);
    }

    /// <summary>The four rows (head size) = columns 0 to 3 of panel (head size, stride), each times its factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ColumnsToRows(
        float* panel, int stride, int headSize, float* factors, float* row0, float* row1, float* row2, float* row3)
    {
        var column = 0;
        if (Transposition.IsFast)
        {
            for (; column <= headSize - 4; column += 4)
            {
                var from = panel + (column * stride);
                var (r0, r1, r2, r3) = Transposition.Columns(
                    Vector128.Load(from), Vector128.Load(from + stride), Vector128.Load(from + (2 * stride)), Vector128.Load(from + (3 * stride)));
                Vector128.Store(r0 * factors[0], row0 + column);
                Vector128.Store(r1 * factors[1], row1 + column);
                Vector128.Store(r2 * factors[2], row2 + column);
                Vector128.Store(r3 * factors[3], row3 + column);
            }
        }
        ColumnToRow(panel, stride, column, headSize, factors[0], row0);
        ColumnToRow(panel + 1, stride, column, headSize, factors[1], row1);
        ColumnToRow(panel + 2, stride, column, headSize, factors[2], row2);
        ColumnToRow(panel + 3, stride, column, headSize, factors[3], row3);
    }

    private static void RowToColumn(float* row, int first, int headSize, float factor, float* panel, int stride)
    {
        for (var column = first; column < headSize; column++)
        {
            panel[column * stride] = row[column] * factor;
        }
    }

    private static void ColumnToRow(float* panel, int stride, int first, int headSize, float factor, float* row)
    {
        for (var column = first; column < headSize; column++)
        {
            row[column] = panel[column * stride] * factor;
        }
    }
}

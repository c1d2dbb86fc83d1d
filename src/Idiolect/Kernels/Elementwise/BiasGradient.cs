using System.Numerics;
using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>The gradient of a bias that was added to every row: the column sums.</summary>
internal static unsafe class BiasGradient
{
    /// <summary>Rows that one part sums: from memory they come fastest one after the other.</summary>
    private const int BlockRows = 64;

    /// <summary>Columns of a part, or of a block at a time, whose sums stay in the first-level cache.</summary>
    private const int PartColumns = 128, BlockColumns = 1024;

    // Few: rows whole pages apart, as at a width of 3,072, share sets of the cache, which keep eight lines each.
    private const int RowsAtATime = 4;

    /// <summary>dBias (width) += the sum of the rows of dy (rows, width). Uses the team's shared scratch.</summary>
    internal static void Accumulate(Team team, float* dy, float* dBias, int rows, int width) => Accumulate(team, dy, dBias, rows, width, width);

    /// <summary>The same with rows <paramref name="stride"/> floats apart.</summary>
    internal static void Accumulate(Team team, float* dy, float* dBias, int rows, int width, int stride)
    {
        var blocks = CeilingDivide(rows, BlockRows);
        if (blocks <= 1)
        {
            AddRows(team, dy, dBias, rows, width, stride);
            return;
        }
        using var hold = team.HoldSharedScratch();
        var sums = team.SharedScratch((long)blocks * width); // (blocks, width)
        team.Run(new BlockJob { Dy = dy, Sums = sums, Rows = rows, Width = width, Stride = stride }, blocks, KernelWork.Moving((double)rows * width));
        AddRows(team, sums, dBias, blocks, width, width);
    }

    /// <summary>sums (width) += the rows of dy, in ascending order: for few rows, or such as lie in a cache.</summary>
    internal static void AddRows(Team team, float* dy, float* sums, int rows, int width, int stride)
        => team.Run(
            new ColumnJob { Dy = dy, Sums = sums, Rows = rows, Width = width, Stride = stride }, CeilingDivide(width, PartColumns),
            KernelWork.Moving((double)rows * width));

    /// <summary>The sum of a block of rows, into a row of its own.</summary>
    private struct BlockJob : IJob
    {
        internal float* Dy; // (rows, width), rows Stride apart
        internal float* Sums; // (blocks, width)
        internal int Rows;
        internal int Width;
        internal int Stride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = part * BlockRows;
            var rows = Math.Min(BlockRows, Rows - first);
            var dy = Dy + ((long)first * Stride);
            var sums = Sums + ((long)part * Width);
            new Span<float>(sums, Width).Clear();
            for (var column = 0; column < Width; column += BlockColumns)
            {
                AddRows<S, V>(dy + column, rows, Stride, sums + column, Math.Min(BlockColumns, Width - column));
            }
        }
    }

    /// <summary>All rows of some columns, added to what is there.</summary>
    private struct ColumnJob : IJob
    {
        internal float* Dy; // (rows, width), rows Stride apart
        internal float* Sums; // (width)
        internal int Rows;
        internal int Width;
        internal int Stride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var column = part * PartColumns;
            AddRows<S, V>(Dy + column, Rows, Stride, Sums + column, Math.Min(PartColumns, Width - column));
        }
    }

    /// <summary>sums (columns) += the rows of dy (rows, columns).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows<S, V>(float* dy, int rows, int stride, float* sums, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (; rows >= RowsAtATime; rows -= RowsAtATime, dy += (long)RowsAtATime * stride)
        {
            AddFourRows<S, V>(dy, dy + stride, dy + (2L * stride), dy + (3L * stride), sums, columns);
        }
        for (; rows > 0; rows--, dy += stride)
        {
            Row.AddTo<S, V>(dy, sums, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFourRows<S, V>(float* row0, float* row1, float* row2, float* row3, float* sums, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        var i = 0;
        for (; i <= columns - S.Count; i += S.Count)
        {
            AddRegister<S, V>(row0, row1, row2, row3, sums, i);
        }
        for (; i < columns; i++)
        {
            AddRegister<SimdScalar, float>(row0, row1, row2, row3, sums, i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRegister<S, V>(float* row0, float* row1, float* row2, float* row3, float* sums, int i)
        where S : struct, ISimd<V>
        where V : struct
    {
        var sum = S.Add(S.Add(S.Load(sums + i), S.Load(row0 + i)), S.Load(row1 + i));
        S.Store(sums + i, S.Add(S.Add(sum, S.Load(row2 + i)), S.Load(row3 + i)));
    }

    internal static class Reference
    {
        internal static void Accumulate<T>(ReadOnlySpan<T> dy, Span<T> dBias)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < dy.Length; i++)
            {
                dBias[i % dBias.Length] += dy[i];
            }
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Rows of a table, chosen by id, plus (optionally) rows of a table of learned positions.</summary>
internal static unsafe class Embedding
{
    /// <summary>y[row] = table[ids[row]] + positionTable[positions[row]].</summary>
    /// <param name="team">The threads.</param>
    /// <param name="ids">(rows), each a row of the table: checked by the caller.</param>
    /// <param name="table">(vocabulary, width).</param>
    /// <param name="positionTable">(context, width), or null for none.</param>
    /// <param name="positions">(rows), each a row of the position table; read only when there is one.</param>
    /// <param name="y">(rows, width).</param>
    /// <param name="rows">The number of ids.</param>
    /// <param name="width">The length of an embedding.</param>
    internal static void Forward(
        Team team, int* ids, float* table, float* positionTable, int* positions, float* y, int rows, int width)
        => team.Run(
            new ForwardJob
            {
                Ids = ids,
                Table = table,
                PositionTable = positionTable,
                Positions = positions,
                Y = y,
                Rows = rows,
                Width = width,
            },
            Partition.RowParts(rows, width), KernelWork.Moving((positionTable == null ? 2.0 : 3.0) * rows * width));

    /// <summary>
    /// dTable[ids[row]] += dy[row] and dPositionTable[positions[row]] += dy[row], rows ascending; either table may be null.
    /// A part owns a block of columns, so that ids that occur twice are summed in one order on any number of threads.
    /// </summary>
    internal static void Backward(
        Team team, int* ids, int* positions, float* dy, float* dTable, float* dPositionTable, int rows, int width)
    {
        if (dTable != null)
        {
            team.Run(
                new BackwardJob { Ids = ids, Dy = dy, DTable = dTable, Rows = rows, Width = width }, Partition.ColumnParts(width),
                KernelWork.Moving(3.0 * rows * width));
        }
        if (dPositionTable != null)
        {
            team.Run(
                new BackwardJob { Ids = positions, Dy = dy, DTable = dPositionTable, Rows = rows, Width = width },
                Partition.ColumnParts(width), KernelWork.Moving(3.0 * rows * width));
        }
    }

    private struct ForwardJob : IJob
    {
        internal int* Ids; // (rows)
        internal float* Table; // (vocabulary, width)
        internal float* PositionTable; // (context, width)
        internal int* Positions; // (rows)
        internal float* Y; // (rows, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var y = Y + ((long)row * Width);
                Buffer.MemoryCopy(
                    Table + ((long)Ids[row] * Width), y, (long)Width * sizeof(float), (long)Width * sizeof(float));
                if (PositionTable != null)
                {
                    Row.AddTo<S, V>(PositionTable + ((long)Positions[row] * Width), y, Width);
                }
            }
        }
    }

    private struct BackwardJob : IJob
    {
        internal int* Ids; // (rows)
        internal float* Dy; // (rows, width)
        internal float* DTable; // (entries, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, columns) = Partition.ColumnBlock(part, Width);
            for (var row = 0; row < Rows; row++)
            {
                Row.AddTo<S, V>(Dy + ((long)row * Width) + first, DTable + ((long)Ids[row] * Width) + first, columns);
            }
        }
    }

    /// <summary>The same, plainly.</summary>
    internal static class Reference
    {
        internal static void Forward<T>(
            ReadOnlySpan<int> ids, ReadOnlySpan<T> table, ReadOnlySpan<T> positionTable, ReadOnlySpan<int> positions, Span<T> y,
            int width)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < y.Length; i++)
            {
                var row = i / width;
                y[i] = table[(ids[row] * width) + (i % width)]
                    + (positionTable.IsEmpty ? T.Zero : positionTable[(positions[row] * width) + (i % width)]);
            }
        }

        internal static void Backward<T>(ReadOnlySpan<int> ids, ReadOnlySpan<T> dy, Span<T> dTable, int width)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < dy.Length; i++)
            {
                dTable[(ids[i / width] * width) + (i % width)] += dy[i];
            }
        }
    }
}

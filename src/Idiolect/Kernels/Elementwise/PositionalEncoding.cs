using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Sinusoidal positions (Vaswani et al. 2017, section 3.5): column 2i of position p is sin(p / 10000^(2i / width)), column
/// 2i + 1 the cosine of the same angle. Embeddings are scaled up before, so that both have about the same size.
/// </summary>
internal static unsafe class PositionalEncoding
{
    private const double LongestWave = 10_000;

    /// <summary>Fills a table (positions, width), computed in double.</summary>
    internal static void FillTable(float* table, int positions, int width)
    {
        for (var position = 0; position < positions; position++)
        {
            for (var column = 0; column < width; column++)
            {
                table[((long)position * width) + column] = (float)Reference.Value(position, column, width);
            }
        }
    }

    /// <summary>y[row] = scale * x[row] + table[positions[row]].</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">(rows, width).</param>
    /// <param name="table">(positions, width).</param>
    /// <param name="positions">(rows), each a row of the table: checked by the caller.</param>
    /// <param name="y">(rows, width); may be x.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="scale">The factor, sqrt(width) in the paper.</param>
    internal static void Forward(Team team, float* x, float* table, int* positions, float* y, int rows, int width, float scale)
        => team.Run(
            new Job { X = x, Table = table, Positions = positions, Y = y, Rows = rows, Width = width, Scale = scale },
            Partition.RowParts(rows, width), KernelWork.Moving(3.0 * rows * width));

    /// <summary>dx = scale * dy; dx may be dy.</summary>
    internal static void Backward(Team team, float* dy, float* dx, int rows, int width, float scale)
        => team.Run(
            new Job { X = dy, Y = dx, Rows = rows, Width = width, Scale = scale }, Partition.RowParts(rows, width),
            KernelWork.Moving(2.0 * rows * width));

    private struct Job : IJob
    {
        internal float* X; // (rows, width)
        internal float* Table; // (positions, width), or null for none
        internal int* Positions; // (rows)
        internal float* Y; // (rows, width)
        internal int Rows;
        internal int Width;
        internal float Scale;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            var scale = S.Create(Scale);
            for (var row = first; row < end; row++)
            {
                var x = X + ((long)row * Width);
                var y = Y + ((long)row * Width);
                var table = Table == null ? null : Table + ((long)Positions[row] * Width);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Add<S, V>(x, scale, table, y, i, S.Count);
                }
                if (i < Width)
                {
                    Add<S, V>(x, scale, table, y, i, Width - i);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add<S, V>(float* x, V scale, float* table, float* y, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var added = table == null ? S.Zero : S.LoadPartial(table + i, count);
            S.StorePartial(y + i, S.MultiplyAdd(S.LoadPartial(x + i, count), scale, added), count);
        }
    }

    /// <summary>The same, plainly.</summary>
    internal static class Reference
    {
        internal static double Value(int position, int column, int width)
        {
            var angle = position / Math.Pow(LongestWave, (double)(column - (column % 2)) / width);
            return column % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle);
        }

        internal static void Forward<T>(ReadOnlySpan<T> x, ReadOnlySpan<int> positions, Span<T> y, int width, T scale)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < y.Length; i++)
            {
                y[i] = (scale * x[i]) + T.CreateChecked(Value(positions[i / width], i % width, width));
            }
        }

        internal static void Backward<T>(ReadOnlySpan<T> dy, Span<T> dx, T scale)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < dx.Length; i++)
            {
                dx[i] = scale * dy[i];
            }
        }
    }
}

namespace Idiolect.Kernels;

/// <summary>
/// The softmax of rows that lie in memory as a whole. For models that look at their scores; attention proper never makes them
/// (see <see cref="Attention"/>), so this is plain code, a row a turn.
/// </summary>
internal static unsafe class Softmax
{
    /// <summary>y = softmax(x), row by row.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">(rows, width).</param>
    /// <param name="y">(rows, width); may alias x.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="queries">0, or how many rows are one sequence of queries: row q of them sees the first width - queries + q + 1 keys.</param>
    internal static void Forward(Team team, float* x, float* y, int rows, int width, int queries)
        => team.Run(
            new Job { X = x, Y = y, Rows = rows, Width = width, Queries = queries }, Partition.RowParts(rows, width),
            KernelWork.Moving(2.0 * rows * width));

    /// <summary>dx = y (dy - sum of y dy), row by row, or dx += that.</summary>
    internal static void Backward(Team team, float* y, float* dy, float* dx, bool accumulate, int rows, int width)
        => team.Run(
            new BackwardJob { Y = y, Dy = dy, Dx = dx, Accumulate = accumulate, Rows = rows, Width = width }, Partition.RowParts(rows, width),
            KernelWork.Moving(3.0 * rows * width));

    private struct Job : IJob
    {
        internal float* X; // (rows, width)
        internal float* Y; // (rows, width)
        internal int Rows;
        internal int Width;
        internal int Queries;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var seen = Queries == 0 ? Width : Width - Queries + (row % Queries) + 1;
                var x = X + ((long)row * Width);
                var y = Y + ((long)row * Width);
                var max = float.NegativeInfinity;
                for (var i = 0; i < seen; i++)
                {
                    max = MathF.Max(max, x[i]);
                }
                var sum = 0.0;
                for (var i = 0; i < seen; i++)
                {
                    y[i] = MathF.Exp(x[i] - max);
                    sum += y[i];
                }
                var inverse = (float)(1 / sum);
                for (var i = 0; i < seen; i++)
                {
                    y[i] *= inverse;
                }
                new Span<float>(y + seen, Width - seen).Clear();
            }
        }
    }

    private struct BackwardJob : IJob
    {
        internal float* Y; // (rows, width)
        internal float* Dy; // (rows, width)
        internal float* Dx; // (rows, width)
        internal bool Accumulate;
        internal int Rows;
        internal int Width;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var offset = (long)row * Width;
                var y = Y + offset;
                var dy = Dy + offset;
                var dx = Dx + offset;
                var sum = 0.0;
                for (var i = 0; i < Width; i++)
                {
                    sum += (double)y[i] * dy[i];
                }
                for (var i = 0; i < Width; i++)
                {
                    dx[i] = (Accumulate ? dx[i] : 0f) + (y[i] * (dy[i] - (float)sum));
                }
            }
        }
    }
}

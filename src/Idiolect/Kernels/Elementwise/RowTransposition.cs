using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Moves whole rows from (a, b, width) to (b, a, width).</summary>
internal static unsafe class RowTransposition
{
    /// <summary>y[j, i] = x[i, j], or += when <paramref name="accumulate"/>.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">(a, b, width).</param>
    /// <param name="y">(b, a, width), elsewhere.</param>
    /// <param name="a">The outer dimension of x.</param>
    /// <param name="b">The inner one.</param>
    /// <param name="width">Floats in a row.</param>
    /// <param name="accumulate">Whether y is added to.</param>
    internal static void Apply(Team team, float* x, float* y, int a, int b, int width, bool accumulate)
        => team.Run(
            new Job { X = x, Y = y, A = a, B = b, Width = width, Accumulate = accumulate }, Partition.RowParts(a * b, width));

    private struct Job : IJob
    {
        internal float* X; // (a, b, width)
        internal float* Y; // (b, a, width)
        internal int A;
        internal int B;
        internal int Width;
        internal bool Accumulate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, A * B, Width);
            for (var row = first; row < end; row++)
            {
                var (j, i) = (row / A, row % A);
                var source = X + ((((long)i * B) + j) * Width);
                var destination = Y + ((long)row * Width);
                if (Accumulate)
                {
                    Row.AddTo<S, V>(source, destination, Width);
                }
                else
                {
                    new ReadOnlySpan<float>(source, Width).CopyTo(new Span<float>(destination, Width));
                }
            }
        }
    }
}

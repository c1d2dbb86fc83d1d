using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The gradient of a bias that was added to every row: the column sums.</summary>
internal static unsafe class BiasGradient
{
    /// <summary>dBias (width) += the sum of the rows of dy (rows, width), in ascending order.</summary>
    internal static void Accumulate(Team team, float* dy, float* dBias, int rows, int width)
        => team.Run(new Job { Dy = dy, DBias = dBias, Rows = rows, Width = width }, Partition.ColumnParts(width));

    private struct Job : IJob
    {
        internal float* Dy; // (rows, width)
        internal float* DBias; // (width)
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
                Row.AddTo<S, V>(Dy + ((long)row * Width) + first, DBias + first, columns);
            }
        }
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

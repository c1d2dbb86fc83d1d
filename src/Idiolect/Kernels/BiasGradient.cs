using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The gradient of a bias that was added to every row: the column sums.</summary>
internal static unsafe class BiasGradient
{
    private const int PartColumns = 128;

    // Few: rows whole pages apart, as at a width of 3,072, share sets of the cache, which keep eight lines each.
    private const int RowsAtATime = 4;

    /// <summary>dBias (width) += the sum of the rows of dy (rows, width), in ascending order.</summary>
    internal static void Accumulate(Team team, float* dy, float* dBias, int rows, int width) => Accumulate(team, dy, dBias, rows, width, width);

    /// <summary>The same with rows <paramref name="stride"/> floats apart.</summary>
    internal static void Accumulate(Team team, float* dy, float* dBias, int rows, int width, int stride)
        => team.Run(
            new Job { Dy = dy, DBias = dBias, Rows = rows, Width = width, Stride = stride }, (width + PartColumns - 1) / PartColumns,
            KernelWork.Moving((double)rows * width));

    private struct Job : IJob
    {
        internal float* Dy; // (rows, width), rows Stride apart
        internal float* DBias; // (width)
        internal int Rows;
        internal int Width;
        internal int Stride;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = part * PartColumns;
            var columns = Math.Min(PartColumns, Width - first);
            var dBias = DBias + first; // (columns), in the first-level cache all the time
            var row = 0;
            for (; row <= Rows - RowsAtATime; row += RowsAtATime)
            {
                AddRows<S, V>(Dy + ((long)row * Stride) + first, dBias, columns);
            }
            for (; row < Rows; row++)
            {
                Row.AddTo<S, V>(Dy + ((long)row * Stride) + first, dBias, columns);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void AddRows<S, V>(float* dy, float* dBias, int columns)
            where S : struct, ISimd<V>
            where V : struct
        {
            var row1 = dy + Stride;
            var row2 = row1 + Stride;
            var row3 = row2 + Stride;
            var i = 0;
            for (; i <= columns - S.Count; i += S.Count)
            {
                AddRegister<S, V>(dy, row1, row2, row3, dBias, i);
            }
            for (; i < columns; i++)
            {
                AddRegister<SimdScalar, float>(dy, row1, row2, row3, dBias, i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void AddRegister<S, V>(float* row0, float* row1, float* row2, float* row3, float* dBias, int i)
            where S : struct, ISimd<V>
            where V : struct
        {
            var sum = S.Add(S.Add(S.Load(dBias + i), S.Load(row0 + i)), S.Load(row1 + i));
            S.Store(dBias + i, S.Add(S.Add(sum, S.Load(row2 + i)), S.Load(row3 + i)));
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

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>The gradient of a bias that was added to every row: the column sums.</summary>
internal static unsafe class BiasGradient
{
    private const int PartColumns = 64;
    private const int PrefetchRows = 12;

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
            var end = Math.Min(first + PartColumns, Width);
            for (; first + (4 * S.Count) <= end; first += 4 * S.Count)
            {
                SumColumns<S, V>(Dy + first, DBias + first);
            }
            for (var row = 0; first < end && row < Rows; row++)
            {
                Row.AddTo<S, V>(Dy + ((long)row * Stride) + first, DBias + first, end - first);
            }
        }

        /// <summary>Four registers of columns, kept from row to row.</summary>
        private readonly void SumColumns<S, V>(float* dy, float* dBias)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (s0, s1) = (S.Load(dBias), S.Load(dBias + S.Count));
            var (s2, s3) = (S.Load(dBias + (2 * S.Count)), S.Load(dBias + (3 * S.Count)));
            for (var row = 0; row < Rows; row++)
            {
                if (Sse.IsSupported)
                {
                    // Rows lie too far apart for the hardware to foresee the next one.
                    Sse.Prefetch0(dy + ((long)PrefetchRows * Stride));
                    Sse.Prefetch0(dy + ((long)PrefetchRows * Stride) + (2 * S.Count));
                }
                s0 = S.Add(s0, S.Load(dy));
                s1 = S.Add(s1, S.Load(dy + S.Count));
                s2 = S.Add(s2, S.Load(dy + (2 * S.Count)));
                s3 = S.Add(s3, S.Load(dy + (3 * S.Count)));
                dy += Stride;
            }
            S.Store(dBias, s0);
            S.Store(dBias + S.Count, s1);
            S.Store(dBias + (2 * S.Count), s2);
            S.Store(dBias + (3 * S.Count), s3);
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

using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>A function of one number as a type, over any register width.</summary>
internal interface IUnaryOperator
{
    static abstract V Invoke<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct;
}

/// <summary>
/// Sums f(x[i]) over a long buffer: chunks of fixed length, each summed in double by blocks of float lanes, then the chunk
/// sums in order. So the bits depend on the count and the variant only.
/// </summary>
internal static unsafe class ChunkedSum
{
    private const int Chunk = 65536;

    /// <summary>Elements that are summed in float lanes before the sum goes to double.</summary>
    private const int Block = 512;

    /// <summary>The sum of f(x[i]) over (count).</summary>
    internal static double Compute<TOperator>(Team team, float* x, long count)
        where TOperator : struct, IUnaryOperator
    {
        var chunks = checked((int)CeilingDivide(count, Chunk));
        using var hold = team.HoldSharedScratch();
        var sums = (double*)team.SharedScratch(2L * chunks);
        team.Run(new Job<TOperator> { X = x, Count = count, Sums = sums }, chunks, KernelWork.Moving(count));
        var total = 0.0;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            total += sums[chunk];
        }
        return total;
    }

    private struct Job<TOperator> : IJob
        where TOperator : struct, IUnaryOperator
    {
        internal float* X; // (count)
        internal long Count;
        internal double* Sums; // (chunks)

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var end = Math.Min(((long)part + 1) * Chunk, Count);
            var sum = 0.0;
            for (var start = (long)part * Chunk; start < end; start += Block)
            {
                var x = X + start;
                var count = (int)Math.Min(Block, end - start);
                var lanes = S.Zero;
                var i = 0;
                for (; i <= count - S.Count; i += S.Count)
                {
                    Prefetch.Ahead(x + i);
                    lanes = S.Add(lanes, TOperator.Invoke<S, V>(S.Load(x + i)));
                }
                sum += S.Sum(lanes);
                for (; i < count; i++)
                {
                    sum += TOperator.Invoke<SimdScalar, float>(x[i]);
                }
            }
            Sums[part] = sum;
        }
    }
}

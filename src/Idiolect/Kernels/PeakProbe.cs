using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The machine's fp32 peak as this runtime reaches it: independent chains of multiply-adds that touch no memory.</summary>
internal static class PeakProbe
{
    private const int Chains = 12;
    private const int Iterations = 2_000_000;

    /// <summary>GFLOP/s of all the team's threads together, one part a thread; some ten milliseconds.</summary>
    internal static unsafe double Gflops(Team team)
    {
        var sink = stackalloc float[team.ThreadCount * 16];
        var job = new FmaJob { Sink = sink };
        team.Run(job, team.ThreadCount);
        var watch = Stopwatch.StartNew();
        team.Run(job, team.ThreadCount);
        var seconds = watch.Elapsed.TotalSeconds;
        var lanes = team.Vectors.Lanes();
        return 2.0 * Chains * lanes * Iterations * team.ThreadCount / seconds / 1e9;
    }

    private unsafe struct FmaJob : IJob
    {
        internal float* Sink; // (threads, 16): what is computed must be used

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            V a = S.Create(0.999999f), b = S.Create(1e-7f);
            V c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
            for (var i = 0; i < Iterations; i++)
            {
                c0 = S.MultiplyAdd(a, c0, b);
                c1 = S.MultiplyAdd(a, c1, b);
                c2 = S.MultiplyAdd(a, c2, b);
                c3 = S.MultiplyAdd(a, c3, b);
                c4 = S.MultiplyAdd(a, c4, b);
                c5 = S.MultiplyAdd(a, c5, b);
                c6 = S.MultiplyAdd(a, c6, b);
                c7 = S.MultiplyAdd(a, c7, b);
                c8 = S.MultiplyAdd(a, c8, b);
                c9 = S.MultiplyAdd(a, c9, b);
                c10 = S.MultiplyAdd(a, c10, b);
                c11 = S.MultiplyAdd(a, c11, b);
            }
            var sum = S.Add(S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(S.Add(c4, c5), S.Add(c6, c7)));
            sum = S.Add(sum, S.Add(S.Add(c8, c9), S.Add(c10, c11)));
            Sink[part * 16] = S.Sum(sum);
        }
    }
}

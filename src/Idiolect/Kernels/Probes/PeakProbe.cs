using System.Diagnostics;
using System.Runtime.CompilerServices;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Kernels;

/// <summary>The machine's arithmetic peak as this runtime reaches it, on all the team's threads together.</summary>
internal static unsafe class PeakProbe
{
    private const int Chains = 12;
    private const int Iterations = 2_000_000;
    private const int TileSteps = 128; // panels of A and B, and the tiles of C, in the first-level cache together
    private const int TilesOfCall = 4; // with the same panels: setting up tile registers takes time that a product spends once for many tiles
    private const int TileMultiplyAdds = 600_000_000; // of one thread, each of 4 bytes by 4 bytes

    /// <summary>
    /// GFLOP/s in fp32, in some tens of milliseconds: independent chains of multiply-adds that touch no memory.
    /// </summary>
    internal static double Gflops(Team team)
    {
        var sink = stackalloc float[team.ThreadCount * 16];
        var job = new FmaJob { Sink = sink };
        return 2.0 * Chains * team.Vectors.Lanes() * Iterations * team.ThreadCount / Seconds(team, job) / 1e9;
    }

    /// <summary>
    /// GFLOP/s that products of a precision can reach: bf16 without a kernel of its own is multiplied as fp32. Of fp32's two measures the
    /// larger, for a bound must not lie below what a product reaches.
    /// </summary>
    internal static double Gflops(Team team, Precision precision)
        => precision == Precision.Bf16 && BFloat16Gflops(team) is { } gflops ? gflops : Math.Max(Gflops(team), Float32TileGflops(team) ?? 0);

    /// <summary>GFLOP/s of the assembled fp32 micro-kernel; null where there is none.</summary>
    internal static double? Float32TileGflops(Team team) => Tiles(team, MicroKernels.Float32, depthOfStep: 1);

    /// <summary>GFLOP/s of the assembled micro-kernel that serves bf16; null where there is none, and it is multiplied as fp32.</summary>
    internal static double? BFloat16Gflops(Team team) => Tiles(team, MicroKernels.Bf16, depthOfStep: 2);

    /// <summary>GOP/s of the assembled int8 micro-kernel; null where the processor has no such instructions.</summary>
    internal static double? Int8Gops(Team team) => Tiles(team, MicroKernels.Int8, depthOfStep: 4);

    private static double? Tiles(Team team, MicroKernelSet kernels, int depthOfStep)
    {
        if (team.Isa != Isa.Assembled || !kernels.Exists)
        {
            return null;
        }
        var kind = kernels.Kind;
        var job = new TileJob
        {
            Kernel = kernels.Whole,
            Rows = MicroKernelAssembler.Rows(kind),
            Columns = MicroKernelAssembler.Columns(kind),
            UsesTileRegisters = kind == MicroKernelKind.BFloat16Tiles,
        };
        var faster = job.UsesTileRegisters ? 8 : 1; // roughly, than the others, so that it too takes some milliseconds
        job.Repeats = TileMultiplyAdds / (job.Rows * job.Columns * TileSteps * TilesOfCall) * faster;
        return 2.0 * job.Rows * job.Columns * TileSteps * TilesOfCall * depthOfStep * job.Repeats * team.ThreadCount / Seconds(team, job) / 1e9;
    }

    /// <summary>The time of one part a thread, once everything is warm.</summary>
    private static double Seconds<TJob>(Team team, in TJob job)
        where TJob : unmanaged, IJob
    {
        team.Run(job, team.ThreadCount);
        var start = Stopwatch.GetTimestamp();
        team.Run(job, team.ThreadCount);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct TileJob : IJob
    {
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel;
        internal int Rows;
        internal int Columns;
        internal int Repeats;
        internal bool UsesTileRegisters;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (UsesTileRegisters)
            {
                SignalStack.Enlarge();
            }
            const int Steps = TileSteps + 1; // with room for scales
            var (b, a, c) = (Columns * Steps, Rows * Steps, TilesOfCall * Rows * Columns); // 4-byte elements, B's registers at whole cache lines
            var panels = worker.Scratch(b + a + c);
            new Span<uint>(panels, b + a).Fill(0x3F003F00); // 0.5 in fp32 (nearly), also as a scale, twice in bf16, and bytes of 63 and 0
            var call = new TileCall
            {
                A = panels + b,
                B = panels,
                C = panels + b + a,
                Steps = TileSteps,
                CStride = Columns * sizeof(float),
                TileBytes = 0,
                Tiles = TilesOfCall,
                Ahead = panels,
            };
            for (var i = 0; i < Repeats; i++)
            {
                var once = call; // a kernel counts down in it
                Kernel(&once);
            }
        }
    }

    private struct FmaJob : IJob
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

using System.Diagnostics;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>
/// What an update of GPT-2 124M costs: the norm of the gradients, AdamW, and Muon on one block's matrices; memory traffic beside that of a
/// buffer scaled in place, which has nothing to do but to read and write.
/// </summary>
internal static unsafe class OptimizerBenchmark
{
    private const long Parameters = 124_439_808;

    internal static void Run()
    {
        using var team = new Team(Environment.ProcessorCount, IsaSelector.Default);
        var weights = NativeBuffer.AllocateZeroed(Parameters);
        var gradients = NativeBuffer.AllocateZeroed(Parameters);
        var first = NativeBuffer.AllocateZeroed(Parameters);
        var second = NativeBuffer.AllocateZeroed(Parameters);
        for (var i = 0; i < Parameters; i++)
        {
            gradients[i] = weights[i] = (i % 1000 * 1e-4f) - 0.05f; // in step 1; no number is denormal
        }
        var step = new AdamWParameters(1e-4, 0.9, 0.95, 1e-8, 0.1, 0, 0, 1, 0.1, 0.05);
        Report("scale in place", 8, () => LinearCombination.Apply(team, 1f, weights, 0f, weights, weights, Parameters));
        Report("norm", 4, () => _ = SquaredNorm.Compute(team, gradients, Parameters));
        Report("AdamW", 28, () => AdamW.Step(team, weights, gradients, first, second, Parameters, step));

        var scratch = NativeBuffer.Allocate(Muon.ScratchLength(3072, 768));
        foreach (var (rows, columns) in new[] { (768, 768), (3072, 768), (768, 3072) })
        {
            var milliseconds = Median(() => Muon.Step(
                team, new MuonMatrix(weights, gradients, first, rows, columns), scratch, new MuonParameters(1e-4, 0.95, 0.1, 1), Precision.Fp32));
            var (side, length) = ((double)Math.Min(rows, columns), (double)Math.Max(rows, columns));
            var flops = 5 * ((4 * side * side * length) + (2 * side * side * side));
            Console.WriteLine(FormattableString.Invariant(
                $"Muon {rows} x {columns}: {milliseconds:F1} ms, {flops / milliseconds / 1e6:F0} of {PeakProbe.Gflops(team):F0} GFLOP/s"));
        }

        static void Report(string name, int bytes, Action run)
        {
            var milliseconds = Median(run);
            Console.WriteLine(FormattableString.Invariant($"{name}: {milliseconds:F1} ms, {bytes * Parameters / milliseconds / 1e6:F1} GB/s"));
        }
    }

    private static double Median(Action run)
    {
        run();
        var times = new double[9];
        for (var i = 0; i < times.Length; i++)
        {
            var watch = Stopwatch.StartNew();
            run();
            times[i] = watch.Elapsed.TotalMilliseconds;
        }
        Array.Sort(times);
        return times[times.Length / 2];
    }
}

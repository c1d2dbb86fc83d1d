using Idiolect.Kernels;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Evaluation;

/// <summary>What the machine can compute and move at most: the yardstick of a training's speed.</summary>
public static class MachinePeak
{
    private const int Rounds = 5;

    /// <summary>
    /// Whether <see cref="Precision.Bf16"/> is faster here than <see cref="Precision.Fp32"/>: multiplied as bfloat16 (AMX, AVX512-BF16 on AMD) or as
    /// scaled 16-bit integers (AVX512-VNNI, AVX-VNNI, AVX2). Elsewhere it is emulated by rounding, which costs time and saves none.
    /// </summary>
    public static bool MultipliesBf16
        => IsaSelector.Default == Isa.Assembled && MicroKernels.Bf16.Exists;

    /// <summary>Measures the peak of matrix products, in GFLOP/s (a multiply-add counts as two), in some tens of milliseconds.</summary>
    /// <param name="threads">Threads that compute at once; 0 for all processors.</param>
    /// <param name="precision">How products round their operands; where bf16 is emulated by rounding, it has the peak of float32.</param>
    public static double MeasureGflops(int threads = 0, Precision precision = Precision.Fp32)
    {
        using var team = new Team(threads == 0 ? Environment.ProcessorCount : threads, IsaSelector.Default);
        return PeakProbe.Gflops(team, precision);
    }

    /// <summary>Measures arithmetic and memory on one thread, on two, and so on: about a second each.</summary>
    /// <param name="threads">The most threads; 0 for all processors.</param>
    /// <param name="cancellationToken">Ends it between two measurements.</param>
    public static MachineMeasurement Measure(int threads = 0, CancellationToken cancellationToken = default)
    {
        var most = threads == 0 ? Environment.ProcessorCount : threads;
        List<double> fp32 = [], bf16 = [], int8 = [], read = [], write = [], copy = [];
        using var memory = new BandwidthProbe();
        for (var count = 1; count <= most; count++)
        {
            using var team = new Team(count, IsaSelector.Default);
            fp32.Add(Best(() => PeakProbe.Gflops(team, Precision.Fp32)));
            AddIfAny(bf16, () => PeakProbe.BFloat16Gflops(team));
            AddIfAny(int8, () => PeakProbe.Int8Gops(team));
            read.Add(Best(() => memory.Read(team)));
            write.Add(Best(() => memory.Write(team)));
            copy.Add(Best(() => memory.Copy(team)));
        }
        var assembled = IsaSelector.Default == Isa.Assembled;
        var vectors = IsaSelector.Default.Vectors().ToString().ToLowerInvariant();
        return new MachineMeasurement(
            assembled && HasAssembledKernels ? "assembled" : vectors, vectors,
            assembled ? MicroKernels.Description : $"not used: {IsaSelector.Variable} asks for {vectors}", fp32, bf16, int8, read, write, copy);

        double Best(Func<double> measure)
        {
            var best = 0.0;
            for (var round = 0; round < Rounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                best = Math.Max(best, measure());
            }
            return best;
        }

        void AddIfAny(List<double> figures, Func<double?> measure)
        {
            if (measure() != null)
            {
                figures.Add(Best(() => measure()!.Value));
            }
        }
    }

    private static bool HasAssembledKernels => MicroKernels.Float32.Exists;
}

using Idiolect.Kernels;

namespace Idiolect.Evaluation;

/// <summary>What the machine can compute at most: the yardstick of a training's speed.</summary>
public static class MachinePeak
{
    /// <summary>Measures the float32 peak, in GFLOP/s (a multiply-add counts as two), in some ten milliseconds.</summary>
    /// <param name="threads">Threads that compute at once; 0 for all processors.</param>
    public static double MeasureGflops(int threads = 0)
    {
        using var team = new Team(threads == 0 ? Environment.ProcessorCount : threads, IsaSelector.Default);
        return PeakProbe.Gflops(team);
    }
}

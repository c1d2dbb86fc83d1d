using System.Diagnostics;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>How fast a model trains, and where the time goes.</summary>
/// <param name="Milliseconds">The median step.</param>
/// <param name="Fastest10">The tenth percentile, in milliseconds.</param>
/// <param name="Slowest10">The ninetieth percentile, in milliseconds.</param>
/// <param name="TokensPerSecond">Tokens a second, at the median step.</param>
/// <param name="Gflops">
/// GFLOP/s at the median step, counting (6 x parameters + 12 x layers x width x context) x tokens operations a step
/// (Chowdhery et al. 2022, appendix B).
/// </param>
/// <param name="PeakGflops">The machine's peak on the same threads: the highest of those measured between the steps, since what else runs can only lower it.</param>
/// <param name="MedianPeakGflops">The median of those: what the machine, shared as it was, had to give while the steps ran.</param>
/// <param name="MemoryGBps">The memory bandwidth of an update in place on the same threads, in GB/s, bytes read and written together: the best of some.</param>
/// <param name="ManagedBytesPerStep">Managed memory that the median step allocated, on all threads.</param>
/// <param name="PeakMemoryBytes">The most memory of the process that was resident at once.</param>
/// <param name="Operations">The computing time of each operation and phase, the longest first.</param>
/// <param name="CoordinationMilliseconds">Starting threads and waiting for them.</param>
/// <param name="BetweenMilliseconds">Everything that is no kernel: batches, the tape, the arena.</param>
/// <param name="TableMilliseconds">The step that the last three divide: the mean of the middle half of all steps.</param>
public sealed record TrainingMeasurement(
    double Milliseconds,
    double Fastest10,
    double Slowest10,
    double TokensPerSecond,
    double Gflops,
    double PeakGflops,
    double MedianPeakGflops,
    double MemoryGBps,
    long ManagedBytesPerStep,
    long PeakMemoryBytes,
    IReadOnlyList<OperationShare> Operations,
    double CoordinationMilliseconds,
    double BetweenMilliseconds,
    double TableMilliseconds)
{
    /// <summary>Model FLOPs utilisation: the share of the peak.</summary>
    public double Mfu => Gflops / PeakGflops;

    /// <summary>
    /// The time below which an operation cannot go: the larger of its arithmetic over the peak and its bytes over the bandwidth. What still lies in
    /// a cache costs less, so a small one can be beaten.
    /// </summary>
    public double FloorMilliseconds(OperationShare share) => Math.Max(share.Gflop / PeakGflops, share.Megabytes / 1e3 / MemoryGBps) * 1e3;

    internal static TrainingMeasurement From(
        IReadOnlyList<MeasuredStep> steps, IReadOnlyList<double> peaks, double bandwidth, long tokens, double flopsPerToken, long peakMemory)
    {
        // A mean of steps that were not disturbed: their operations add up, which those of medians would not.
        MeasuredStep[] sorted = [.. steps.OrderBy(step => step.Milliseconds)];
        var middle = sorted[(sorted.Length / 4)..(sorted.Length - (sorted.Length / 4))];
        var times = sorted.Select(step => step.Milliseconds).ToArray();
        var median = Quantile(times, 0.5);
        return new TrainingMeasurement(
            median, Quantile(times, 0.1), Quantile(times, 0.9), tokens / median * 1e3, tokens * flopsPerToken / median / 1e6,
            peaks.Max(), Quantile([.. peaks.Order()], 0.5), bandwidth, sorted.Select(step => step.AllocatedBytes).Order().ElementAt(sorted.Length / 2), peakMemory,
            [.. middle.SelectMany(step => step.Times.Operations).GroupBy(time => (time.Name, time.Phase))
                .Select(group => new OperationShare(
                    group.Key.Name, group.Key.Phase, Mean(group.Sum(time => time.Computing)), group.Sum(time => time.Work.Flops) / middle.Length / 1e9,
                    group.Sum(time => time.Work.Bytes) / middle.Length / 1e6))
                .OrderByDescending(share => share.Milliseconds)],
            Mean(middle.Sum(step => step.Times.Coordinating)), Mean(middle.Sum(step => step.Times.Between)), Mean(middle.Sum(step => step.Times.Total)));

        double Mean(long ticks) => ticks * 1e3 / Stopwatch.Frequency / middle.Length;
    }

    /// <summary>A quantile of sorted values, interpolated between the two nearest.</summary>
    internal static double Quantile(ReadOnlySpan<double> sorted, double fraction)
    {
        var place = fraction * (sorted.Length - 1);
        var (below, above) = ((int)Math.Floor(place), (int)Math.Ceiling(place));
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }
}

/// <summary>The time of one operation in one phase of a step.</summary>
/// <param name="Operation">What it is, and whose weight it has where that matters: "Linear attention.qkv".</param>
/// <param name="Phase">When it runs.</param>
/// <param name="Milliseconds">Computing time of the thread that leads the step.</param>
/// <param name="Gflop">10^9 operations of its matrix products, two a multiply-add; attention counts the pairs that causality leaves.</param>
/// <param name="Megabytes">10^6 bytes that it must read and write: every operand and every result once.</param>
public sealed record OperationShare(string Operation, StepPhase Phase, double Milliseconds, double Gflop, double Megabytes);

/// <summary>A step that was timed.</summary>
internal sealed record MeasuredStep(StepTimes Times, long AllocatedBytes)
{
    internal double Milliseconds { get; } = Times.Total * 1e3 / Stopwatch.Frequency;
}

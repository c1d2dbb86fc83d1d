using System.Diagnostics;

namespace Idiolect.Training;

/// <summary>A step that was timed.</summary>
internal sealed record MeasuredStep(StepTimes Times, long AllocatedBytes)
{
    internal double Milliseconds { get; } = Times.Total * 1e3 / Stopwatch.Frequency;
}

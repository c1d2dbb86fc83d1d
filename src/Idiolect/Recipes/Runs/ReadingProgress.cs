using System.Diagnostics;
using Idiolect.Data;

namespace Idiolect.Recipes;

/// <summary>Tells of a run's work on its text now and then: of short work nothing.</summary>
/// <param name="session">Passes it on.</param>
internal sealed class ReadingProgress(RunSession session) : IProgress<DataProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private long _told = Stopwatch.GetTimestamp();

    public void Report(DataProgress value)
    {
        if (value.Bytes > 0 && Stopwatch.GetElapsedTime(_told) < Interval)
        {
            return;
        }
        _told = Stopwatch.GetTimestamp();
        session.Report(new WorkAnnounced(0, value.ToString()));
    }
}

using System.Diagnostics;
using System.Globalization;
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
        session.Report(new WorkAnnounced(0, value.Bytes == 0 ? value.What : value.What + Amount(value)));
    }

    private static string Amount(DataProgress value) => value.TotalBytes >= value.Bytes
        ? string.Create(CultureInfo.InvariantCulture, $": {value.Bytes / 1e6:#,0} of {value.TotalBytes / 1e6:#,0} MB")
        : string.Create(CultureInfo.InvariantCulture, $": {value.Bytes / 1e6:#,0} MB");
}

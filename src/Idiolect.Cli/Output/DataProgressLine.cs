using System.Globalization;

using Idiolect.Data;

namespace Idiolect.Cli.Output;

/// <summary>
/// How far long work on text is, with rate and time left, on standard error: one line that changes for a person, a line every few seconds for a log.
/// Short work says nothing.
/// </summary>
internal sealed class DataProgressLine(Terminal terminal, TimeProvider? time = null) : IProgress<DataProgress>, IDisposable
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly TimeProvider time = time ?? TimeProvider.System;
    private long told = (time ?? TimeProvider.System).GetTimestamp();
    private string? what;
    private long began;
    private long bytesThen;
    private bool isShown;

    public void Report(DataProgress value)
    {
        if (value.What != what)
        {
            (what, began, bytesThen) = (value.What, time.GetTimestamp(), value.Bytes);
        }
        if (time.GetElapsedTime(told) < (terminal.Live ? LiveInterval : PlainInterval))
        {
            return;
        }
        told = time.GetTimestamp();
        var line = ReadableText.Printable(value.ToString()) + Rate(value);
        if (terminal.Live)
        {
            terminal.Error.Write($"\r\u001b[K{line[..Math.Min(line.Length, Math.Max(1, terminal.Width - 1))]}");
            isShown = true;
        }
        else
        {
            terminal.WriteError(line);
        }
    }

    public void Dispose()
    {
        if (isShown)
        {
            terminal.Error.Write("\r\u001b[K");
        }
    }

    private string Rate(DataProgress value)
    {
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        var rate = (value.Bytes - bytesThen) / seconds;
        if (rate is not > 0 || !double.IsFinite(rate))
        {
            return "";
        }
        var text = string.Create(CultureInfo.InvariantCulture, $", {rate / 1e6:#,0.0} MB/s");
        return value.TotalBytes > value.Bytes ? $"{text}, {Left(TimeSpan.FromSeconds((value.TotalBytes - value.Bytes) / rate))} left" : text;
    }

    private static string Left(TimeSpan left) => string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalMinutes}:{left.Seconds:00}");
}

using System.Diagnostics;

namespace Idiolect.Kernels;

/// <summary>What the thread that calls a <see cref="Team"/> is doing.</summary>
internal enum TeamActivity
{
    /// <summary>Something else than kernels: the tape, the arena, the program.</summary>
    Between,

    /// <summary>Starting a job, or waiting for the other threads to end it.</summary>
    Coordinating,

    /// <summary>Its parts of a job.</summary>
    Computing,
}

/// <summary>Ticks of <see cref="Stopwatch"/> in each <see cref="TeamActivity"/>, and what was done meanwhile.</summary>
internal record struct KernelTime(long Between, long Coordinating, long Computing, KernelWork Work)
{
    internal readonly long Total => Between + Coordinating + Computing;

    public static KernelTime operator +(KernelTime a, KernelTime b)
        => new(a.Between + b.Between, a.Coordinating + b.Coordinating, a.Computing + b.Computing, a.Work + b.Work);
}

/// <summary>
/// Divides the time of a team's caller without a gap: what is between kernels, what coordinates threads, what computes. The caller's
/// time is the time of a step, so the three add up to it. Hung on <see cref="Team.Clock"/>, which is null otherwise.
/// </summary>
internal sealed class KernelClock
{
    private long _last = Stopwatch.GetTimestamp();
    private TeamActivity _activity;
    private KernelTime _time;

    internal void Switch(TeamActivity next)
    {
        var now = Stopwatch.GetTimestamp();
        var spent = now - _last;
        switch (_activity)
        {
            case TeamActivity.Computing:
                _time.Computing += spent;
                break;
            case TeamActivity.Coordinating:
                _time.Coordinating += spent;
                break;
            default:
                _time.Between += spent;
                break;
        }
        (_last, _activity) = (now, next);
    }

    /// <summary>Counts what a job has to do.</summary>
    internal void Count(KernelWork work) => _time.Work += work;

    /// <summary>The time since the last call, or since the clock was made.</summary>
    internal KernelTime Take()
    {
        Switch(_activity);
        var time = _time;
        _time = default;
        return time;
    }
}

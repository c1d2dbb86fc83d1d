using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The time of steps by operation. Whoever ends a piece of work marks it (the tape an operation, the training step its norm and
/// its optimiser), and all time since the mark before is counted to it: so nothing is left out, and the entries add up to
/// the step. Hung on <see cref="Tape.Profile"/>; once every operation has been seen, marking allocates nothing.
/// </summary>
internal sealed class OperationProfile
{
    private readonly KernelClock _clock;
    private readonly Dictionary<(object Work, StepPhase Phase), Entry> _entries = []; // Work: an operation's record, or a name

    private KernelTime _rest; // after the last mark

    internal OperationProfile(KernelClock clock) => _clock = clock;

    /// <summary>Drops what was counted and begins a step.</summary>
    internal void Begin()
    {
        foreach (var entry in _entries.Values)
        {
            entry.Time = default;
        }
        _clock.Take();
    }

    /// <summary>Counts the time since the last mark to a piece of work.</summary>
    internal void Mark(object work, StepPhase phase)
    {
        if (!_entries.TryGetValue((work, phase), out var entry))
        {
            _entries.Add((work, phase), entry = new Entry());
        }
        entry.Time += _clock.Take();
    }

    /// <summary>Ends the step.</summary>
    internal void Stop() => _rest = _clock.Take();

    /// <summary>The step that <see cref="Stop"/> ended: every operation's time, by name and phase, and the rest.</summary>
    internal StepTimes Read()
    {
        var rest = _rest;
        List<OperationTime> operations = [];
        foreach (var group in _entries.GroupBy(entry => (Name: NameOf(entry.Key.Work), entry.Key.Phase), entry => entry.Value.Time))
        {
            var time = group.Aggregate((sum, next) => sum + next);
            operations.Add(new OperationTime(group.Key.Name, group.Key.Phase, time.Computing, time.Work));
            rest += time with { Computing = 0 };
        }
        return new StepTimes(operations, rest.Coordinating, rest.Between + rest.Computing);
    }

    private static string NameOf(object work) => work is Operation operation ? operation.Name : (string)work;

    private sealed class Entry
    {
        internal KernelTime Time;
    }
}

/// <summary>The computing ticks of one operation in one phase of a step, and what it had to do.</summary>
internal sealed record OperationTime(string Name, StepPhase Phase, long Computing, KernelWork Work);

/// <summary>A step, divided: the operations, then starting threads and waiting for them, then everything between kernels; all in ticks.</summary>
internal sealed record StepTimes(IReadOnlyList<OperationTime> Operations, long Coordinating, long Between)
{
    internal long Total => Operations.Sum(operation => operation.Computing) + Coordinating + Between;
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>What a thread finds of another's part, in the order of its worth.</summary>
internal enum Offer
{
    /// <summary>Nothing, now or later.</summary>
    Nothing,

    /// <summary>Nothing now; the part's next pass may have steps to take.</summary>
    Later,

    /// <summary>Steps to take.</summary>
    Steps,
}

/// <summary>
/// What a thread still has to do of a part that consists of steps. A thread that has no more parts takes half of them, from the end (work stealing, Blumofe
/// and Leiserson 1999), so that all end together and parts may be large. A part may go through its steps several times, in passes: whoever takes steps
/// goes on with them in the pass that the part is in, and a step's passes follow each other.
/// </summary>
/// <remarks>One for each thread of a team. A step should take much longer than the claim of it, which is some tens of nanoseconds.</remarks>
internal sealed class OpenPart
{
    /// <summary>Steps that are left of a pass at least, where some are taken: what they need is packed, or fetched, anew.</summary>
    private const int LeastLeft = 3;

    /// <summary>Keeps the other threads' apart: a claim would wait for a cache line that another core has just written.</summary>
    internal readonly TwoCacheLines Apart;

    private SpinLock _lock = new(enableThreadOwnerTracking: false); // not readonly: it is a mutable struct
    private int _part;
    private int _passes;
    private int _pass; // that the thread is in
    private int _next; // the first step that it has not come to in this pass
    private int _end;
    private bool _taken; // and not yet begun with

    /// <summary>The first pass to do.</summary>
    internal int FirstPass { get; private set; }

    /// <summary>The first step of each.</summary>
    internal int FirstStep { get; private set; }

    /// <summary>Begins: with the whole part, or with what this thread has taken of it.</summary>
    internal void Begin(int part, int passes, int steps)
    {
        if (_taken)
        {
            _taken = false;
            return;
        }
        Set(part, passes, pass: 0, first: 0, steps);
    }

    /// <summary>Whether the step is still this thread's, which does it now. Steps are claimed in ascending order, pass after pass.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="step">The step.</param>
    /// <param name="end">The step before which, as it stands, the thread's steps end.</param>
    internal bool Claims(int pass, int step, out int end)
    {
        Lock();
        end = _end;
        var claimed = step < end;
        if (claimed)
        {
            (_pass, _next) = (pass, step + 1);
        }
        _lock.Exit(useMemoryBarrier: false); // a volatile write: what the thread wrote before is seen by whoever enters
        return claimed;
    }

    /// <summary>What another thread may hope for: a look without the lock, which the owner needs more often.</summary>
    internal Offer Offers => Left >= LeastLeft ? Offer.Steps : IsLastPass ? Offer.Nothing : Offer.Later;

    /// <summary>Gives half of the steps that this thread has not come to, if there are enough, to another's.</summary>
    internal bool TryGive(OpenPart taker, out int part)
    {
        part = 0;
        if (Offers != Offer.Steps)
        {
            return false;
        }
        Lock();
        var (passes, pass, end, taken) = (_passes, _pass, _end, Left < LeastLeft ? 0 : Left / 2);
        (part, _end) = (_part, end - taken);
        _lock.Exit(useMemoryBarrier: false);
        if (taken == 0)
        {
            return false;
        }
        taker.Set(part, passes, pass, end - taken, end);
        taker._taken = true;
        return true;
    }

    /// <summary>Ends what is left of the part for all.</summary>
    internal void Close()
    {
        Set(part: 0, passes: 0, pass: 0, first: 0, end: 0);
        _taken = false;
    }

    private int Left => Volatile.Read(ref _end) - Volatile.Read(ref _next);

    private bool IsLastPass => Volatile.Read(ref _pass) + 1 >= Volatile.Read(ref _passes);

    private void Set(int part, int passes, int pass, int first, int end)
    {
        Lock();
        (_part, _passes, _pass, _next, _end) = (part, passes, pass, first, end);
        (FirstPass, FirstStep) = (pass, first);
        _lock.Exit(useMemoryBarrier: false);
    }

    private void Lock()
    {
        var entered = false;
        _lock.Enter(ref entered);
    }

    /// <summary>What is fetched together.</summary>
    [InlineArray(32)]
    internal struct TwoCacheLines
    {
        private int _element;
    }
}

using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics;

namespace Idiolect.Kernels;

/// <summary>One thread of a team, and memory that only it uses.</summary>
internal readonly unsafe struct Worker(Team team, int index)
{
    internal int Index => index;

    /// <summary>At least <paramref name="count"/> floats, 64-byte aligned, kept and grown from call to call; contents undefined.</summary>
    internal float* Scratch(long count) => team.Scratch(index, count);

    /// <summary>
    /// Begins a part that goes so many times through so many steps, each of which the thread has to claim: threads that have nothing else to do take
    /// some. <c>Execute</c> is then called for the same part by them too, and begins with what they have taken.
    /// </summary>
    internal OpenPart Open(int part, int passes, int steps)
    {
        var open = team.OpenPart(index);
        open.Begin(part, passes, steps);
        return open;
    }

    /// <summary>
    /// A team of this thread alone, with scratch memory of its own: a part that consists of many small jobs runs them on it, where nobody waits for
    /// anybody. What those do is not counted by the clock.
    /// </summary>
    internal Team Alone => team.Alone(index);
}

/// <summary>
/// A persistent team of threads that runs one <see cref="IJob"/> at a time. The caller is worker 0. Between jobs the
/// others spin for about a millisecond, then park. Several callers take turns, a job at a time.
/// </summary>
public sealed unsafe class Team : IDisposable
{
    private const int MostThreads = 1024; // so many more than there are help nobody, and where the system has no more the process ends
    private const int SpinsBeforeParking = 4000; // of eight times some 40 ns
    private const int Closed = int.MinValue;
    private const int CursorStride = 32; // ints between cursors, and before the first: two cache lines, which are fetched together

    // Whose thread this is, if it is none of a caller.
    [ThreadStatic]
    private static Team? _teamOfThread;

    private static readonly Lazy<Team> LazyShared = new(() => new Team(Environment.ProcessorCount, IsaSelector.Default));

    private readonly Thread[] _threads;
    // One for each thread: with a common one, a thread that is done early takes the permit meant for one still about to wait.
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _parked; // 1 for a thread that waits or is about to
    private readonly float*[] _scratch;
    private readonly long[] _scratchCounts;
    private readonly Lock _exclusive = new();
    private readonly Lock _sharedScratch = new();

    // The job that is running. Written before _epoch is raised, read after it was seen to rise.
    private void* _job;
    private delegate*<void*, int, Team, int, void> _invoke;
    private int _parts;

    // (threads), each in cache lines of its own: the next part of each thread's share. Shares follow each other: what a thread wrote
    // in one job it finds in its own cache in the next, whose parts as a rule lie in the same order.
    private readonly int[] _nextParts;
    private readonly OpenPart[] _open; // (threads)
    private readonly Team?[] _alone; // (threads), made when first asked for
    private int _epoch;

    // How many threads besides the caller's work on the job; Closed is added while nobody may join.
    private int _joined = Closed;
    private ExceptionDispatchInfo? _failure; // the first that a thread of the team met in this job
    private bool _disposed;

    /// <summary>Starts a team that runs the fastest kernels of this machine.</summary>
    /// <param name="threads">The number of threads, the caller's included; 1 to 1,024, or all of the machine.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are fewer or more.</exception>
    public Team(int threads)
        : this(threads, IsaSelector.Default)
    {
    }

    /// <summary>Starts a team.</summary>
    /// <param name="threads">The number of threads, the caller's included; 1 to 1,024, or all of the machine.</param>
    /// <param name="isa">The kernel variant that it runs.</param>
    internal Team(int threads, Isa isa)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, Math.Max(MostThreads, Environment.ProcessorCount));
        (Isa, Vectors) = (isa, isa.Vectors());
        _scratch = new float*[threads + 1];
        _scratchCounts = new long[threads + 1];
        _nextParts = new int[CursorStride * (threads + 1)];
        _open = [.. Enumerable.Range(0, threads).Select(_ => new OpenPart())];
        _alone = new Team?[threads];
        _threads = new Thread[threads - 1];
        _wake = [.. _threads.Select(_ => new SemaphoreSlim(0))];
        _parked = new int[_threads.Length];
        for (var i = 0; i < _threads.Length; i++)
        {
            var worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"Idiolect worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>The team of all processors, made at first use.</summary>
    public static Team Shared => LazyShared.Value;

    internal Isa Isa { get; }

    /// <summary>The variant of its kernels in C#.</summary>
    internal Isa Vectors { get; }

    /// <summary>The number of threads, the caller's included.</summary>
    public int ThreadCount => _threads.Length + 1;

    /// <summary>Where a measurement counts the caller's time; null, and free, otherwise. Change it between jobs only.</summary>
    internal KernelClock? Clock { get; set; }

    /// <summary>Runs parts 0 to <paramref name="parts"/> - 1 of the job and returns when all are done. What a part throws is thrown here.</summary>
    /// <param name="job">The job.</param>
    /// <param name="parts">How many parts it has.</param>
    /// <param name="work">What it must do at least, for a measurement.</param>
    internal void Run<TJob>(in TJob job, int parts, KernelWork work = default)
        where TJob : unmanaged, IJob
    {
        if (parts <= 0)
        {
            return;
        }
        var copy = job;
        var invoke = Invoker<TJob>(Vectors);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_exclusive.IsHeldByCurrentThread || _teamOfThread == this)
        {
            throw new InvalidOperationException("A job cannot start another job on its own team.");
        }
        Clock?.Count(work);
        Clock?.Switch(TeamActivity.Coordinating);
        lock (_exclusive) // for one part too: another caller's job would use the same scratch memory
        {
            if (parts == 1 || _threads.Length == 0)
            {
                Clock?.Switch(TeamActivity.Computing);
                try
                {
                    for (var part = 0; part < parts; part++)
                    {
                        invoke(&copy, part, this, 0);
                    }
                }
                finally
                {
                    _open[0].Close();
                    Clock?.Switch(TeamActivity.Between);
                }
                return;
            }
            _job = &copy;
            _invoke = invoke;
            _parts = parts;
            for (var thread = 0; thread < ThreadCount; thread++)
            {
                NextPart(thread) = FirstPart(thread);
                _open[thread].Close();
            }
            _failure = null;
            Volatile.Write(ref _joined, 0);
            Interlocked.Increment(ref _epoch);
            WakeParked();
            try
            {
                do
                {
                    Clock?.Switch(TeamActivity.Computing);
                    RunParts(0);
                    Clock?.Switch(TeamActivity.Coordinating);
                }
                while (AwaitsSteps(0));
            }
            finally
            {
                Clock?.Switch(TeamActivity.Coordinating);
                // A thread that has not joined by now is not waited for: on a busy machine it may not run for milliseconds.
                // Those that have joined still read the job, which lies on this stack, also when a part threw here.
                SpinWait spinner = default;
                Interlocked.Add(ref _joined, Closed);
                while (Volatile.Read(ref _joined) != Closed)
                {
                    spinner.SpinOnce(sleep1Threshold: -1);
                }
                Clock?.Switch(TeamActivity.Between);
            }
            _failure?.Throw();
        }
    }

    /// <summary>Scratch memory shared by all workers of the next job (index = thread count) or private to one.</summary>
    internal float* Scratch(int index, long count)
    {
        if (_scratchCounts[index] < count)
        {
            // On a huge page: small ones lie anywhere, and panels that should fill a cache evenly push each other out of it.
            count = Math.Max(count, NativeBuffer.HugePageFloats);
            NativeBuffer.Free(_scratch[index]);
            _scratch[index] = null; // should there not be enough memory for the next
            _scratchCounts[index] = 0;
            _scratch[index] = NativeBuffer.Allocate(count);
            _scratchCounts[index] = count;
        }
        return _scratch[index];
    }

    /// <summary>
    /// Memory that the caller fills in one job and reads in the next; valid until the next call of this method, which
    /// <see cref="HoldSharedScratch"/> keeps other callers from.
    /// </summary>
    internal float* SharedScratch(long count) => Scratch(ThreadCount, count);

    /// <summary>Keeps the shared scratch memory to the caller until the scope ends: two tapes may share a team.</summary>
    internal Lock.Scope HoldSharedScratch() => _sharedScratch.EnterScope();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        Interlocked.Increment(ref _epoch);
        WakeParked();
        foreach (var thread in _threads)
        {
            thread.Join();
        }
        for (var i = 0; i < _scratch.Length; i++)
        {
            NativeBuffer.Free(_scratch[i]);
            _scratch[i] = null;
            _scratchCounts[i] = 0;
        }
        foreach (var wake in _wake)
        {
            wake.Dispose();
        }
        foreach (var alone in _alone)
        {
            alone?.Dispose();
        }
    }

    private static delegate*<void*, int, Team, int, void> Invoker<TJob>(Isa vectors)
        where TJob : unmanaged, IJob
        => vectors switch
        {
            Isa.Vector512 => &Invoke<TJob, SimdVector512, Vector512<float>>,
            Isa.Vector256 => &Invoke<TJob, SimdVector256, Vector256<float>>,
            Isa.Vector128 => &Invoke<TJob, SimdVector128, Vector128<float>>,
            _ => &Invoke<TJob, SimdScalar, float>,
        };

    private static void Invoke<TJob, S, V>(void* job, int part, Team team, int worker)
        where TJob : unmanaged, IJob
        where S : struct, ISimd<V>
        where V : struct
        => (*(TJob*)job).Execute<S, V>(part, new Worker(team, worker));

    private void RunParts(int worker)
    {
        var job = _job;
        var invoke = _invoke;
        try
        {
            for (var i = 0; i < ThreadCount; i++)
            {
                // Its own share, then what the others have not come to yet.
                var thread = (worker + i) % ThreadCount;
                ref var next = ref NextPart(thread);
                var end = FirstPart(thread + 1);
                while (Volatile.Read(ref next) < end) // so that those who find nothing do not take the cursor from each other
                {
                    var part = Interlocked.Increment(ref next) - 1;
                    if (part < end)
                    {
                        invoke(job, part, this, worker);
                    }
                }
            }
            for (var i = 1; i < ThreadCount; i++)
            {
                while (_open[(worker + i) % ThreadCount].TryGive(_open[worker], out var part))
                {
                    invoke(job, part, this, worker);
                }
            }
        }
        finally
        {
            _open[worker].Close(); // nobody waits for the next pass of a part that has failed
        }
    }

    /// <summary>
    /// Waits for steps of others' parts while there may be some in their next passes. False if there are none. A thread of the team waits outside of
    /// the job: should the system take its core away, the caller does not wait for it.
    /// </summary>
    private bool AwaitsSteps(int worker)
    {
        SpinWait spinner = default;
        while (true)
        {
            var best = Offer.Nothing;
            for (var i = 1; i < ThreadCount; i++)
            {
                var offer = _open[(worker + i) % ThreadCount].Offers;
                best = offer > best ? offer : best;
            }
            if (best != Offer.Later)
            {
                return best == Offer.Steps;
            }
            spinner.SpinOnce(sleep1Threshold: -1); // and yields, on a busy machine to the thread that it waits for
        }
    }

    internal Team Alone(int worker) => _alone[worker] ??= new Team(1, Isa); // each thread its own

    internal OpenPart OpenPart(int worker) => _open[worker];

    private ref int NextPart(int thread) => ref _nextParts[(thread + 1) * CursorStride];

    /// <summary>The first part of a thread's share of the job.</summary>
    private int FirstPart(int thread) => (int)((long)_parts * thread / ThreadCount);

    private void Work(int worker)
    {
        var seen = 0;
        _teamOfThread = this;
        while (true)
        {
            seen = WaitForJob(worker - 1, seen);
            if (Volatile.Read(ref _disposed))
            {
                SignalStack.Restore();
                return;
            }
            while (TryJoin())
            {
                try
                {
                    RunParts(worker);
                }
                catch (Exception exception)
                {
                    // It belongs to the caller; here it would end the process.
                    Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
                }
                Interlocked.Decrement(ref _joined);
                if (!AwaitsSteps(worker))
                {
                    break;
                }
            }
        }
    }

    private bool TryJoin()
    {
        var joined = Volatile.Read(ref _joined);
        while (joined >= 0)
        {
            var found = Interlocked.CompareExchange(ref _joined, joined + 1, joined);
            if (found == joined)
            {
                return true;
            }
            joined = found;
        }
        return false;
    }

    /// <summary>Returns the new epoch once it differs from <paramref name="seen"/>.</summary>
    private int WaitForJob(int thread, int seen)
    {
        while (true)
        {
            for (var i = 0; i < SpinsBeforeParking; i++)
            {
                var epoch = Volatile.Read(ref _epoch);
                if (epoch != seen)
                {
                    return epoch;
                }
                Thread.SpinWait(8);
            }
            // Announce the wish to park, then look once more: a job published in between is not missed, because the
            // publisher raises the epoch before it reads _parked. A surplus permit only costs one more turn of this loop.
            Interlocked.Exchange(ref _parked[thread], 1);
            if (Volatile.Read(ref _epoch) == seen)
            {
                _wake[thread].Wait();
            }
        }
    }

    private void WakeParked()
    {
        for (var i = 0; i < _parked.Length; i++)
        {
            if (Volatile.Read(ref _parked[i]) != 0 && Interlocked.Exchange(ref _parked[i], 0) != 0)
            {
                _wake[i].Release();
            }
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// The machine's memory bandwidth as this runtime reaches it, with the loads and stores that the engine's kernels use. The buffers are
/// far larger than any cache, and each thread of a team has a share of them to itself.
/// </summary>
internal sealed unsafe class BandwidthProbe : IDisposable
{
    private const long Floats = 64 * 1024 * 1024; // 256 MiB a buffer

    private float* _source;
    private float* _destination; // the second half of the same memory

    internal BandwidthProbe()
    {
        _source = NativeBuffer.AllocateZeroed(2 * Floats);
        _destination = _source + Floats;
    }

    /// <summary>GB/s (10^9 bytes) of reading.</summary>
    internal double Read(Team team) => Measure<Reading>(team, sizeof(float));

    /// <summary>GB/s of writing. A plain store fetches its cache line first, which is not counted.</summary>
    internal double Write(Team team) => Measure<Writing>(team, sizeof(float));

    /// <summary>GB/s of copying, bytes read and bytes written together.</summary>
    internal double Copy(Team team) => Measure<Copying>(team, 2 * sizeof(float));

    /// <summary>
    /// GB/s of an update in place, bytes read and bytes written together: all that moves is counted, where a copy also fetches the lines that it writes.
    /// </summary>
    internal double Update(Team team) => Measure<Copying>(team, 2 * sizeof(float), inPlace: true);

    public void Dispose()
    {
        NativeBuffer.Free(_source);
        _source = null;
        _destination = null;
    }

    private double Measure<TPass>(Team team, int bytes, bool inPlace = false)
        where TPass : struct, IPass
    {
        var sink = stackalloc float[team.ThreadCount * 16]; // a cache line a thread
        var job = new Job<TPass> { Source = inPlace ? _destination : _source, Destination = _destination, Sink = sink, Parts = team.ThreadCount };
        var start = Stopwatch.GetTimestamp();
        team.Run(job, team.ThreadCount);
        return (double)Floats * bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
    }

    /// <summary>What is done with four registers' worth of memory.</summary>
    private interface IPass
    {
        static abstract V Step<S, V>(float* source, float* destination, V sum)
            where S : struct, ISimd<V>
            where V : struct;
    }

    private struct Job<TPass> : IJob
        where TPass : struct, IPass
    {
        internal float* Source;
        internal float* Destination;
        internal float* Sink; // (parts, 16): what is read must be used
        internal int Parts;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var step = 4L * S.Count;
            var share = Floats / Parts / 64 * 64;
            var sum = S.Zero;
            for (long i = part * share, end = i + share; i < end; i += step)
            {
                sum = TPass.Step<S, V>(Source + i, Destination + i, sum);
            }
            Sink[part * 16] = S.Sum(sum);
        }
    }

    private readonly struct Reading : IPass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Step<S, V>(float* source, float* destination, V sum)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = S.Add(S.Load(source), S.Load(source + S.Count));
            return S.Add(sum, S.Add(first, S.Add(S.Load(source + (2 * S.Count)), S.Load(source + (3 * S.Count)))));
        }
    }

    private readonly struct Writing : IPass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Step<S, V>(float* source, float* destination, V sum)
            where S : struct, ISimd<V>
            where V : struct
        {
            for (var i = 0; i < 4; i++)
            {
                S.Store(destination + (i * S.Count), sum);
            }
            return sum;
        }
    }

    private readonly struct Copying : IPass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Step<S, V>(float* source, float* destination, V sum)
            where S : struct, ISimd<V>
            where V : struct
        {
            for (var i = 0; i < 4; i++)
            {
                S.Store(destination + (i * S.Count), S.Load(source + (i * S.Count)));
            }
            return sum;
        }
    }
}

using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>A kernel's threads and buffers. The shapes are those of gpt2-124m at 256 tokens unless a suite says otherwise.</summary>
public abstract unsafe class KernelBenchmark
{
    internal const int Rows = 256;
    internal const int Width = 768;

    private readonly List<nint> _buffers = [];

    /// <summary>One thread, and all of them.</summary>
    public static IEnumerable<int> ThreadCounts => new[] { 1, Environment.ProcessorCount }.Distinct();

    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    internal Team Team { get; private set; } = null!;

    [GlobalSetup]
    public void Setup()
    {
        Team = new Team(Threads, IsaSelector.Default);
        Prepare();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        Release();
        Team.Dispose();
        foreach (var buffer in _buffers)
        {
            NativeBuffer.Free((float*)buffer);
        }
        _buffers.Clear();
    }

    /// <summary>Allocates what the kernel needs.</summary>
    protected abstract void Prepare();

    /// <summary>Gives back what is no buffer.</summary>
    protected virtual void Release()
    {
    }

    /// <summary>Numbers from a normal distribution; freed after the benchmark.</summary>
    internal float* Random(long count)
    {
        var buffer = NativeBuffer.Allocate(count);
        for (var i = 0L; i < count; i++)
        {
            buffer[i] = (float)CounterRandom.Normal(1, (ulong)i);
        }
        _buffers.Add((nint)buffer);
        return buffer;
    }

    internal float* Zeros(long count)
    {
        var buffer = NativeBuffer.AllocateZeroed(count);
        _buffers.Add((nint)buffer);
        return buffer;
    }

    /// <summary>Integers from 0 to <paramref name="bound"/> - 1.</summary>
    internal int* Integers(int count, int bound)
    {
        var buffer = (int*)Random(count);
        for (var i = 0; i < count; i++)
        {
            buffer[i] = (int)(CounterRandom.Uniform(2, (ulong)i) * bound);
        }
        return buffer;
    }
}

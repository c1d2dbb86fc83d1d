using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>Both passes over all parameters of a step: the norm of the gradients, then the update.</summary>
public unsafe class AdamWBenchmarks : KernelBenchmark
{
    private const long Count = 32 * 1024 * 1024; // larger than any cache

    private static readonly AdamWParameters Settings = new(1e-3f, 0.9f, 0.99f, 1e-8f, 0.1f, 0, 0, 1, 0.5f, 0.5f);

    private float* _parameters, _gradients, _first, _second;

    [Benchmark]
    public void Step() => AdamW.Step(Team, _parameters, _gradients, _first, _second, Count, Settings);

    [Benchmark]
    public double GradientNorm() => SquaredNorm.Compute(Team, _gradients, Count);

    protected override void Prepare()
    {
        _parameters = Random(Count);
        _gradients = Random(Count);
        _first = Zeros(Count);
        _second = Zeros(Count);
    }
}

using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

public unsafe class ActivationBenchmarks : KernelBenchmark
{
    private const int Count = Rows * 4 * Width;

    private float* _x, _y, _dx;

    [Params(nameof(ActivationKind.Gelu), nameof(ActivationKind.GeluTanh))]
    public string Kind { get; set; } = "";

    [Benchmark]
    public void Forward() => Activation.Forward(Team, Enum.Parse<ActivationKind>(Kind), _x, _y, Count);

    [Benchmark]
    public void Backward() => Activation.Backward(Team, Enum.Parse<ActivationKind>(Kind), _y, _x, _dx, accumulateDx: false, Count);

    protected override void Prepare()
    {
        _x = Random(Count);
        _y = Random(Count);
        _dx = Random(Count);
    }
}

public unsafe class SwiGluBenchmarks : KernelBenchmark
{
    private const int Hidden = 2048;

    private float* _gateUp, _y, _dGateUp;

    [Benchmark]
    public void Forward() => SwiGlu.Forward(Team, _gateUp, _y, Rows, Hidden);

    [Benchmark]
    public void Backward() => SwiGlu.Backward(Team, _y, _gateUp, _dGateUp, Rows, Hidden);

    protected override void Prepare()
    {
        _gateUp = Random(Rows * 2 * Hidden);
        _y = Random(Rows * Hidden);
        _dGateUp = Random(Rows * 2 * Hidden);
    }
}

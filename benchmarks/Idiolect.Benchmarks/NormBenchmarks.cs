using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

public unsafe class LayerNormBenchmarks : KernelBenchmark
{
    private float* _x, _y, _dx, _gain, _bias, _dGain, _dBias, _statistics;

    [Benchmark]
    public void Forward() => LayerNorm.Forward(Team, _x, _gain, _bias, _y, _statistics, _statistics + Rows, Rows, Width, 1e-5f);

    [Benchmark]
    public void Backward()
        => LayerNorm.Backward(Team, _y, _x, _gain, _statistics, _statistics + Rows, _dx, accumulateDx: false, _dGain, _dBias, Rows, Width);

    protected override void Prepare()
    {
        _x = Random(Rows * Width);
        _y = Random(Rows * Width);
        _dx = Random(Rows * Width);
        _gain = Random(Width);
        _bias = Random(Width);
        _dGain = Random(Width);
        _dBias = Random(Width);
        _statistics = Random(2 * Rows);
        Forward(); // the backward pass wants true statistics
    }
}

public unsafe class RmsNormBenchmarks : KernelBenchmark
{
    private float* _x, _y, _dx, _gain, _dGain, _inverseRms;

    [Benchmark]
    public void Forward() => RmsNorm.Forward(Team, _x, _gain, _y, _inverseRms, Rows, Width, 1e-5f);

    [Benchmark]
    public void Backward() => RmsNorm.Backward(Team, _y, _x, _gain, _inverseRms, _dx, accumulateDx: false, _dGain, Rows, Width);

    protected override void Prepare()
    {
        _x = Random(Rows * Width);
        _y = Random(Rows * Width);
        _dx = Random(Rows * Width);
        _gain = Random(Width);
        _dGain = Random(Width);
        _inverseRms = Random(Rows);
        Forward();
    }
}

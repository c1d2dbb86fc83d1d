using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>The three products of the feed-forward layer's first matrix; <see cref="GemmBenchmark"/> has more shapes, and the peak.</summary>
public unsafe class GemmBenchmarks : KernelBenchmark
{
    private const int Hidden = 4 * Width;

    private float* _x, _weight, _y;

    [Params(nameof(Idiolect.Kernels.Precision.Fp32), nameof(Idiolect.Kernels.Precision.Bf16))]
    public string Precision { get; set; } = "";

    /// <summary>y = x W^T.</summary>
    [Benchmark]
    public void Forward() => Gemm.Multiply(
        Team, Rows, Hidden, Width, new MatrixView(_x, Width), new MatrixView(_weight, Width, transposed: true), _y, Hidden, precision: Chosen);

    /// <summary>dx = dy W.</summary>
    [Benchmark]
    public void InputGradient() => Gemm.Multiply(
        Team, Rows, Width, Hidden, new MatrixView(_y, Hidden), new MatrixView(_weight, Width), _x, Width, precision: Chosen);

    /// <summary>dW = dy^T x.</summary>
    [Benchmark]
    public void WeightGradient() => Gemm.Multiply(
        Team, Hidden, Width, Rows, new MatrixView(_y, Hidden, transposed: true), new MatrixView(_x, Width), _weight, Width, precision: Chosen);

    private Precision Chosen => Enum.Parse<Precision>(Precision);

    protected override void Prepare()
    {
        _x = Random(Rows * Width);
        _weight = Random(Width * Hidden);
        _y = Random(Rows * Hidden);
    }
}

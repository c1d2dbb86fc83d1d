using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

public unsafe class RopeBenchmarks : KernelBenchmark
{
    private const int HeadSize = 64;

    private float* _x, _cosines, _sines;
    private int* _positions;

    [Benchmark]
    public void Apply() => Rope.Apply(Team, _x, Rows, Width, Width / HeadSize, HeadSize, _positions, _cosines, _sines, inverse: false);

    protected override void Prepare()
    {
        _x = Random(Rows * Width);
        _cosines = Random(Rows * HeadSize / 2);
        _sines = Random(Rows * HeadSize / 2);
        _positions = Integers(Rows, Rows);
        Rope.FillTables(_cosines, _sines, Rows, HeadSize, 10_000);
    }
}

using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

public unsafe class EmbeddingBenchmarks : KernelBenchmark
{
    private const int Vocabulary = 50257;

    private float* _table, _positionTable, _y;
    private int* _ids, _positions;

    [Benchmark]
    public void Forward() => Embedding.Forward(Team, _ids, _table, _positionTable, _positions, _y, Rows, Width);

    [Benchmark]
    public void Backward() => Embedding.Backward(Team, _ids, _positions, _y, _table, _positionTable, Rows, Width);

    protected override void Prepare()
    {
        _table = Random((long)Vocabulary * Width);
        _positionTable = Random(Rows * Width);
        _y = Random(Rows * Width);
        _ids = Integers(Rows, Vocabulary);
        _positions = Integers(Rows, Rows);
    }
}

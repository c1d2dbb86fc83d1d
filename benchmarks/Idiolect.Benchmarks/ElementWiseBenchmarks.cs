using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>What reads and writes every element once, of a feed-forward layer's activations.</summary>
public unsafe class ElementWiseBenchmarks : KernelBenchmark
{
    private const int Hidden = 4 * Width;
    private const int Count = Rows * Hidden;

    private float* _a, _b, _y, _bias;
    private int* _positions;

    [Benchmark]
    public void ResidualAddition() => ResidualAdd.Forward(Team, _a, _b, _y, Count);

    [Benchmark]
    public void Combination() => LinearCombination.Apply(Team, 0.9f, _a, 0.1f, _b, _y, Count);

    /// <summary>A sample a row, as of a batch of single tokens; the backward pass is the same.</summary>
    [Benchmark]
    public void Dropping() => Dropout.Apply(Team, _a, _y, Rows, Hidden, 0.1f, key: 1);

    /// <summary>Positions added to scaled embeddings.</summary>
    [Benchmark]
    public void Positions() => PositionalEncoding.Forward(Team, _a, _b, _positions, _y, Rows, Hidden, scale: 2f);

    [Benchmark]
    public void PositionsBackward() => PositionalEncoding.Backward(Team, _a, _y, Rows, Hidden, scale: 2f);

    /// <summary>dBias += the sum of dy's rows.</summary>
    [Benchmark]
    public void BiasGradients() => BiasGradient.Accumulate(Team, _a, _bias, Rows, Hidden);

    [Benchmark]
    public double SquaredErrors() => SquaredError.Forward(Team, _a, _b, _b, _y, Count);

    [Benchmark]
    public void SquaredErrorsBackward() => SquaredError.Backward(Team, _a, _b, _y, accumulate: false, Count);

    /// <summary>The sum of magnitudes; that of squares is <see cref="AdamWBenchmarks.GradientNorm"/>.</summary>
    [Benchmark]
    public double L1() => Penalty.L1(Team, _a, Count);

    protected override void Prepare()
    {
        _a = Random(Count);
        _b = Random(Count);
        _y = Random(Count);
        _bias = Random(Hidden);
        _positions = Integers(Rows, Rows);
    }
}

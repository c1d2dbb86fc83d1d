using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

public unsafe class CrossEntropyBenchmarks : KernelBenchmark
{
    private float* _logits, _losses;
    private int* _targets;

    [Params(65, 50257)]
    public int Vocabulary { get; set; }

    /// <summary>Loss and gradient, which takes the place of the logits; a softmax of what was a gradient costs the same.</summary>
    [Benchmark]
    public void ForwardBackward() => CrossEntropy.ForwardBackward(Team, new LogitRows(_logits, _targets, _losses, Rows, Vocabulary, Vocabulary), RowGradients.Same(1f / Rows));

    protected override void Prepare()
    {
        _logits = Random((long)Rows * Vocabulary);
        _losses = Random(Rows);
        _targets = Integers(Rows, Vocabulary);
    }
}

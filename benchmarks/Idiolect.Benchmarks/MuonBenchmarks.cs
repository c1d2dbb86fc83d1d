using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>The step of a feed-forward layer's first matrix; <see cref="OptimizerBenchmark"/> has it beside the peak.</summary>
public unsafe class MuonBenchmarks : KernelBenchmark
{
    private const int Hidden = 4 * Width;

    private static readonly MuonParameters Settings = new(LearningRate: 1e-4, Momentum: 0.95, WeightDecay: 0.1, GradientScale: 1);

    private float* _weights, _gradients, _momentum, _scratch;

    [Params(nameof(Idiolect.Kernels.Precision.Fp32), nameof(Idiolect.Kernels.Precision.Bf16))]
    public string Precision { get; set; } = "";

    [Benchmark]
    public void Step()
        => Muon.Step(Team, new MuonMatrix(_weights, _gradients, _momentum, Hidden, Width), _scratch, Settings, Enum.Parse<Precision>(Precision));

    protected override void Prepare()
    {
        _weights = Random(Hidden * Width);
        _gradients = Random(Hidden * Width);
        _momentum = Zeros(Hidden * Width);
        _scratch = Zeros(Muon.ScratchLength(Hidden, Width));
    }
}

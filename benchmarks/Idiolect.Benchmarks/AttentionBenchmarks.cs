using BenchmarkDotNet.Attributes;
using Idiolect.Tensors;

namespace Idiolect.Benchmarks;

/// <summary>Causal attention with head size 64, by the tape's operation.</summary>
public class AttentionBenchmarks : KernelBenchmark
{
    private const int HeadSize = 64;
    private const int Heads = 12;

    private Tape _tape = null!;
    private float[] _qkv = []; // (1, time, 3 * heads * head size)
    private float[] _outputGradient = []; // (1, time, heads * head size)

    [Params(256, 1024)]
    public int Time { get; set; }

    [Benchmark]
    public void Forward() => Run(recording: false);

    [Benchmark]
    public void ForwardAndBackward() => Run(recording: true);

    protected override void Prepare()
    {
        _tape = new Tape(Team);
        _qkv = GivenGradientOperation.Random(Time * 3 * Heads * HeadSize, seed: 1);
        _outputGradient = GivenGradientOperation.Random(Time * Heads * HeadSize, seed: 2);
    }

    protected override void Release() => _tape.Dispose();

    private void Run(bool recording)
    {
        _tape.Recording = recording;
        var qkv = GivenGradientOperation.Input(_tape, new Shape(1, Time, 3 * Heads * HeadSize), _qkv);
        var y = AttentionOperation.Apply(_tape, qkv, Heads, Heads, HeadSize, dropout: default);
        if (recording)
        {
            _tape.Backward(GivenGradientOperation.Apply(_tape, y, _outputGradient));
        }
        _tape.Reset();
    }
}

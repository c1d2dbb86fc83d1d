using BenchmarkDotNet.Attributes;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>
/// A segment of a recurrent layer, its projections made before; <see cref="LstmBenchmark"/> has a whole layer, as PyTorch is asked for it.
/// </summary>
public unsafe class RecurrenceBenchmarks : KernelBenchmark
{
    private const int Time = 32;
    private const int Batch = 32;
    private const int Units = 512;
    private const int StateCount = Batch * Units;

    private RecurrentSegment _segment;
    private float* _projections, _packedForward, _packedBackward, _dHidden, _dState, _dCell, _dWeight;

    [Params(nameof(RecurrentCell.Rnn), nameof(RecurrentCell.Lstm), nameof(RecurrentCell.Gru))]
    public string Cell { get; set; } = "";

    /// <summary>With the copy of the projections, which become gates in place.</summary>
    [Benchmark]
    public void Forward()
    {
        var count = Time * Batch * (long)_segment.GatesWidth * sizeof(float);
        Buffer.MemoryCopy(_projections, _segment.Gates, count, count);
        Recurrence.Forward(Team, _segment, _packedForward);
    }

    /// <summary>Both passes: the backward pass overwrites what the forward pass leaves.</summary>
    [Benchmark]
    public void ForwardAndBackward()
    {
        Forward();
        Recurrence.Backward(Team, _segment, _packedBackward, _dHidden, _dState, _dCell);
    }

    [Benchmark]
    public void WeightGradient() => Recurrence.WeightGradient(Team, _segment, _dWeight);

    protected override void Prepare()
    {
        _segment = new RecurrentSegment { Cell = Enum.Parse<RecurrentCell>(Cell), Time = Time, Batch = Batch, Width = Units };
        var gates = _segment.GatesWidth;
        _segment.Gates = Random(Time * Batch * gates);
        _segment.Recurrent = Random(Time * Batch * gates);
        _segment.RecurrentBias = Random(gates);
        _segment.FirstHidden = Random(StateCount);
        _segment.FirstCell = Random(StateCount);
        _segment.Hidden = Random(Time * StateCount);
        _segment.Cells = Random(Time * StateCount);
        _projections = Random(Time * Batch * gates);
        _dHidden = Random(Time * StateCount);
        _dState = Random(StateCount);
        _dCell = Random(StateCount);
        _dWeight = Random(gates * Units);
        var weight = Random(gates * Units);
        for (var i = 0; i < gates * Units; i++)
        {
            weight[i] /= MathF.Sqrt(Units); // states of ordinary size
        }
        _packedForward = Zeros(Gemm.PackedLength(Team, Units, gates));
        _packedBackward = Zeros(Gemm.PackedLength(Team, gates, Units));
        Gemm.PackB(Team, Units, gates, new MatrixView(weight, Units, transposed: true), _packedForward);
        Gemm.PackB(Team, gates, Units, new MatrixView(weight, Units), _packedBackward);
        Forward();
    }
}

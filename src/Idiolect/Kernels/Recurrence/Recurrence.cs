using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>One segment of a recurrent layer: time steps that follow each other, for a batch of sequences side by side.</summary>
internal unsafe struct RecurrentSegment
{
    internal RecurrentCell Cell;
    internal int Time;
    internal int Batch;
    internal int Width;

    /// <summary>
    /// (time, batch, gates, width): the input's projections with the bias; after the forward pass the gates' values; after the
    /// backward pass the gradients of the projections.
    /// </summary>
    internal float* Gates;

    /// <summary>GRU only, (time, batch, gates, width): the state's projections with their bias; after the backward pass their gradients.</summary>
    internal float* Recurrent;

    /// <summary>GRU only, (gates, width): the bias of the state's projections.</summary>
    internal float* RecurrentBias;

    /// <summary>(batch, width): the state before the first step.</summary>
    internal float* FirstHidden;

    /// <summary>LSTM only, (batch, width): the cell before the first step.</summary>
    internal float* FirstCell;

    /// <summary>(time, batch, width): the state after each step, the layer's output.</summary>
    internal float* Hidden;

    /// <summary>LSTM only, (time, batch, width): the cell after each step.</summary>
    internal float* Cells;

    internal readonly int GatesWidth => Cell.GateCount() * Width;

    internal readonly long StateCount => (long)Batch * Width;

    /// <summary>The state before a step, (batch, width).</summary>
    internal readonly float* HiddenBefore(int time) => time == 0 ? FirstHidden : Hidden + ((time - 1) * StateCount);
}

/// <summary>
/// A recurrent layer over a whole segment, and back through time (Werbos 1990). The input's projections of all steps are
/// made before, by one product; here each step is one product of the state with the recurrent weight, packed once a
/// segment, and one element-wise kernel. The weight's gradient is one product over all steps at the end.
/// </summary>
internal static unsafe partial class Recurrence
{
    /// <summary>Fills <see cref="RecurrentSegment.Hidden"/>, and turns projections into gates.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="packedWeight">U^T (width, gates * width), packed by <see cref="Gemm.PackB"/>.</param>
    internal static void Forward(Team team, in RecurrentSegment segment, float* packedWeight)
    {
        switch (segment.Cell)
        {
            case RecurrentCell.Lstm:
                Forward<Lstm>(team, segment, packedWeight);
                break;
            case RecurrentCell.Gru:
                Forward<Gru>(team, segment, packedWeight);
                break;
            default:
                Forward<Rnn>(team, segment, packedWeight);
                break;
        }
    }

    /// <summary>Turns gates into the gradients of the projections, last step first.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="segment">The segment after <see cref="Forward"/>.</param>
    /// <param name="packedWeight">U (gates * width, width), packed by <see cref="Gemm.PackB"/>.</param>
    /// <param name="dHidden">(time, batch, width): the gradient of the outputs, to read.</param>
    /// <param name="dState">(batch, width): receives the gradient of the state before the first step.</param>
    /// <param name="dCell">LSTM only, (batch, width): the gradient of the last cell; receives that of the cell before the first step.</param>
    internal static void Backward(
        Team team, in RecurrentSegment segment, float* packedWeight, float* dHidden, float* dState, float* dCell)
    {
        new Span<float>(dState, checked((int)segment.StateCount)).Clear();
        switch (segment.Cell)
        {
            case RecurrentCell.Lstm:
                Backward<Lstm>(team, segment, packedWeight, dHidden, dState, dCell);
                break;
            case RecurrentCell.Gru:
                Backward<Gru>(team, segment, packedWeight, dHidden, dState, dCell);
                break;
            default:
                Backward<Rnn>(team, segment, packedWeight, dHidden, dState, dCell);
                break;
        }
    }

    /// <summary>dWeight (gates * width, width) += the gradient of U, once <see cref="Backward"/> has run.</summary>
    internal static void WeightGradient(Team team, in RecurrentSegment segment, float* dWeight, Precision precision = Precision.Fp32)
    {
        var (batch, width, gates) = (segment.Batch, segment.Width, segment.GatesWidth);
        var dGates = segment.Cell == RecurrentCell.Gru ? segment.Recurrent : segment.Gates;
        // Step 0 read the first state, every later one the output before it.
        Gemm.Multiply(
            team, gates, width, batch, new MatrixView(dGates, gates, transposed: true), new MatrixView(segment.FirstHidden, width),
            dWeight, width, GemmStart.Accumulate, precision: precision);
        Gemm.Multiply(
            team, gates, width, (segment.Time - 1) * batch, new MatrixView(dGates + ((long)batch * gates), gates, transposed: true),
            new MatrixView(segment.Hidden, width), dWeight, width, GemmStart.Accumulate, precision: precision);
    }

    private static void Forward<TCell>(Team team, in RecurrentSegment segment, float* packedWeight)
        where TCell : struct, ICell
    {
        var (batch, width, gates) = (segment.Batch, segment.Width, segment.GatesWidth);
        var projected = TCell.KeepsProjectionsApart ? segment.Recurrent : segment.Gates;
        var start = TCell.KeepsProjectionsApart ? GemmStart.Bias : GemmStart.Accumulate;
        for (var time = 0; time < segment.Time; time++)
        {
            Gemm.MultiplyPacked(
                team, batch, gates, width, new MatrixView(segment.HiddenBefore(time), width), packedWeight,
                projected + ((long)time * batch * gates), gates, start, segment.RecurrentBias);
            var job = new ForwardJob<TCell> { Step = Step(segment, time), Batch = batch, Width = width };
            team.Run(job, StateParts(batch, width));
        }
    }

    private static void Backward<TCell>(
        Team team, in RecurrentSegment segment, float* packedWeight, float* dHidden, float* dState, float* dCell)
        where TCell : struct, ICell
    {
        var (batch, width, gates) = (segment.Batch, segment.Width, segment.GatesWidth);
        var dProjected = TCell.KeepsProjectionsApart ? segment.Recurrent : segment.Gates;
        var start = TCell.HandsStateOn ? GemmStart.Accumulate : GemmStart.Zero;
        for (var time = segment.Time - 1; time >= 0; time--)
        {
            var step = Step(segment, time);
            step.DHidden = dHidden + (time * segment.StateCount);
            step.DState = dState;
            step.DCell = dCell;
            var job = new BackwardJob<TCell> { Step = step, Batch = batch, Width = width };
            team.Run(job, StateParts(batch, width));
            Gemm.MultiplyPacked(
                team, batch, width, gates, new MatrixView(dProjected + ((long)time * batch * gates), gates), packedWeight,
                dState, width, start);
        }
    }

    private static CellRows Step(in RecurrentSegment segment, int time)
    {
        var gates = (long)time * segment.Batch * segment.GatesWidth;
        var state = time * segment.StateCount;
        return new CellRows
        {
            GatesWidth = segment.GatesWidth,
            Gates = segment.Gates + gates,
            Recurrent = segment.Recurrent + gates,
            HiddenBefore = segment.HiddenBefore(time),
            Hidden = segment.Hidden + state,
            CellBefore = time == 0 ? segment.FirstCell : segment.Cells + state - segment.StateCount,
            Cell = segment.Cells + state,
        };
    }

    // A step has few elements, each with several exponentials: parts smaller than those of other element-wise kernels.
    private const int PartElements = 2048;

    private static int RowsPerPart(int width) => Math.Max(1, PartElements / width);

    private static int StateParts(int batch, int width) => CeilingDivide(batch, RowsPerPart(width));

    /// <summary>What a cell computes in one step, for some elements of one row (one sequence).</summary>
    private interface ICell
    {
        /// <summary>Whether the state's projections are needed apart from the input's.</summary>
        static abstract bool KeepsProjectionsApart { get; }

        /// <summary>Whether a state's gradient also flows past the recurrent product.</summary>
        static abstract bool HandsStateOn { get; }

        /// <summary>Elements [i, i + count) of the row's new state; <paramref name="width"/> lies between its gates.</summary>
        static abstract void Forward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct;

        /// <summary>The gradients of the same elements.</summary>
        static abstract void Backward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct;
    }

    /// <summary>Where the rows of one step lie; fields as in <see cref="RecurrentSegment"/>, each (batch, ...).</summary>
    private struct CellRows
    {
        internal int GatesWidth;
        internal float* Gates;
        internal float* Recurrent;
        internal float* HiddenBefore;
        internal float* Hidden;
        internal float* CellBefore;
        internal float* Cell;
        internal float* DHidden;
        internal float* DState;
        internal float* DCell;

        /// <summary>The row of one sequence.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly CellRows Row(int row, int width)
        {
            var gates = (long)row * GatesWidth;
            var state = (long)row * width;
            return new CellRows
            {
                Gates = Gates + gates,
                Recurrent = Recurrent + gates,
                HiddenBefore = HiddenBefore + state,
                Hidden = Hidden + state,
                CellBefore = CellBefore + state,
                Cell = Cell + state,
                DHidden = DHidden + state,
                DState = DState + state,
                DCell = DCell + state,
            };
        }
    }

    private struct ForwardJob<TCell> : IJob
        where TCell : struct, ICell
    {
        internal CellRows Step;
        internal int Batch;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = part * RowsPerPart(Width);
            var end = Math.Min(Batch, first + RowsPerPart(Width));
            for (var sequence = first; sequence < end; sequence++)
            {
                var row = Step.Row(sequence, Width);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    TCell.Forward<S, V>(row, Width, i, S.Count);
                }
                if (i < Width)
                {
                    TCell.Forward<S, V>(row, Width, i, Width - i);
                }
            }
        }
    }

    private struct BackwardJob<TCell> : IJob
        where TCell : struct, ICell
    {
        internal CellRows Step;
        internal int Batch;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = part * RowsPerPart(Width);
            var end = Math.Min(Batch, first + RowsPerPart(Width));
            for (var sequence = first; sequence < end; sequence++)
            {
                var row = Step.Row(sequence, Width);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    TCell.Backward<S, V>(row, Width, i, S.Count);
                }
                if (i < Width)
                {
                    TCell.Backward<S, V>(row, Width, i, Width - i);
                }
            }
        }
    }
}

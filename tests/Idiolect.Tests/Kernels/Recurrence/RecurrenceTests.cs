using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class RecurrenceTests
{
    public static TheoryData<RecurrentCell> Cells => [RecurrentCell.Rnn, RecurrentCell.Lstm, RecurrentCell.Gru];

    public static TheoryData<RecurrentCell, int, int, int> Shapes => new(
        from cell in new[] { RecurrentCell.Rnn, RecurrentCell.Lstm, RecurrentCell.Gru }
        from shape in new[] { (1, 1, 1), (2, 1, 5), (5, 3, 17), (3, 7, 64), (2, 9, 300) }
        select (cell, shape.Item1, shape.Item2, shape.Item3));

    [Theory, MemberData(nameof(Cells))]
    public void Reference_gradients_agree_with_finite_differences(RecurrentCell cell)
    {
        const int Time = 3, Batch = 2, Width = 3;
        var reference = Filled(cell, Time, Batch, Width);
        var dHidden = RandomValues.Normal(20, Time * Batch * Width).ToDoubles();
        var dLastCell = cell == RecurrentCell.Lstm ? RandomValues.Normal(21, Batch * Width).ToDoubles() : new double[Batch * Width];
        reference.Forward();
        reference.Backward(dHidden, dLastCell);

        FiniteDifferences.Check(Loss, reference.Projections, reference.DProjections);
        FiniteDifferences.Check(Loss, reference.Weight, reference.DWeight);
        FiniteDifferences.Check(Loss, reference.FirstHidden, reference.DFirstHidden);
        FiniteDifferences.Check(Loss, reference.FirstCell, reference.DFirstCell);
        if (cell == RecurrentCell.Gru)
        {
            FiniteDifferences.Check(Loss, reference.RecurrentBias, reference.DRecurrentBias);
        }

        double Loss()
        {
            reference.Forward();
            return RandomValues.Dot(dHidden, reference.Hidden)
                + RandomValues.Dot(dLastCell, reference.Cells.AsSpan((Time - 1) * Batch * Width));
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Every_variant_agrees_with_the_reference(RecurrentCell cell, int time, int batch, int width)
    {
        using var variants = new KernelVariants();
        var reference = Filled(cell, time, batch, width);
        var dHidden = RandomValues.Normal(20, time * batch * width);
        var dLastCell = cell == RecurrentCell.Lstm ? RandomValues.Normal(21, batch * width) : new float[batch * width];
        reference.Forward();
        reference.Backward(dHidden.ToDoubles(), dLastCell.ToDoubles());
        double[] expected =
        [
            .. reference.Hidden, .. cell == RecurrentCell.Lstm ? reference.Cells : [], .. reference.DProjections, .. reference.DWeight,
            .. reference.DFirstHidden, .. cell == RecurrentCell.Lstm ? reference.DFirstCell : [],
        ];

        variants.Check(expected, 1e-5, team =>
        {
            var gates = cell.GateCount() * width;
            using var projections = Floats(reference.Projections);
            using var recurrent = new NativeBuffer<float>(projections.Length);
            using var bias = Floats(reference.RecurrentBias);
            using var weight = Floats(reference.Weight);
            using var firstHidden = Floats(reference.FirstHidden);
            using var firstCell = Floats(reference.FirstCell);
            using var hidden = new NativeBuffer<float>(time * batch * width);
            using var cells = new NativeBuffer<float>(time * batch * width);
            using var dOutput = new NativeBuffer<float>(dHidden);
            using var dState = new NativeBuffer<float>(batch * width);
            using var dCell = new NativeBuffer<float>(dLastCell);
            using var dWeight = new NativeBuffer<float>(weight.Length);
            using var forwardPanels = new NativeBuffer<float>((int)Gemm.PackedLength(team, width, gates));
            using var backwardPanels = new NativeBuffer<float>((int)Gemm.PackedLength(team, gates, width));
            Gemm.PackB(team, width, gates, new MatrixView(weight, width, transposed: true), forwardPanels);
            Gemm.PackB(team, gates, width, new MatrixView(weight, width), backwardPanels);
            var segment = new RecurrentSegment
            {
                Cell = cell,
                Time = time,
                Batch = batch,
                Width = width,
                Gates = projections,
                Recurrent = recurrent,
                RecurrentBias = bias,
                FirstHidden = firstHidden,
                FirstCell = firstCell,
                Hidden = hidden,
                Cells = cells,
            };
            Recurrence.Forward(team, segment, forwardPanels);
            Recurrence.Backward(team, segment, backwardPanels, dOutput, dState, dCell);
            Recurrence.WeightGradient(team, segment, dWeight);
            return
            [
                .. hidden.ToArray(), .. cell == RecurrentCell.Lstm ? cells.ToArray() : [], .. projections.ToArray(), .. dWeight.ToArray(),
                .. dState.ToArray(), .. cell == RecurrentCell.Lstm ? dCell.ToArray() : [],
            ];
        });
    }

    [Fact]
    public void An_open_forget_gate_keeps_the_cell_and_a_closed_one_drops_it()
    {
        var reference = new Recurrence.Reference<double>(RecurrentCell.Lstm, time: 1, batch: 1, width: 2);
        (reference.FirstCell[0], reference.FirstCell[1]) = (0.7, 0.7);
        reference.Projections.AsSpan(0, 2).Fill(-50); // nothing comes in
        (reference.Projections[2], reference.Projections[3]) = (50, -50);
        reference.Forward();
        Assert.Equal([0.7, 0.0], reference.Cells.Select(value => Math.Round(value, 12)));
    }

    private static Recurrence.Reference<double> Filled(RecurrentCell cell, int time, int batch, int width)
    {
        var reference = new Recurrence.Reference<double>(cell, time, batch, width);
        Fill(reference.Projections, 1, 1);
        Fill(reference.Weight, 2, 1 / Math.Sqrt(width));
        Fill(reference.FirstHidden, 4, 0.5);
        if (cell == RecurrentCell.Gru)
        {
            Fill(reference.RecurrentBias, 3, 0.5);
        }
        if (cell == RecurrentCell.Lstm)
        {
            Fill(reference.FirstCell, 5, 0.5);
        }
        return reference;
    }

    private static void Fill(double[] destination, ulong seed, double scale)
        => RandomValues.Normal(seed, destination.Length, scale).ToDoubles().CopyTo(destination, 0);

    private static NativeBuffer<float> Floats(double[] values) => new(Array.ConvertAll(values, value => (float)value));
}

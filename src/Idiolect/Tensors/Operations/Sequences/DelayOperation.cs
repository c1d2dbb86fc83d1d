namespace Idiolect.Tensors;

/// <summary>Each position sees what stood some positions earlier: the taps of a causal convolution, or a token shift.</summary>
internal sealed unsafe class DelayOperation : Operation
{
    private TensorNode _x = null!;
    private int _steps;

    /// <summary>y[b, t] = x[b, t - steps], 0 where the sequence had not begun.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="steps">How many positions.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        if (x.Shape.Rank != 3)
        {
            throw new ArgumentException($"Only sequences (batch, time, width) can be delayed, not {x.Shape}.", nameof(x));
        }
        var y = tape.Create(x.Shape, x.Node.NeedsGradient);
        var (batch, row, late) = Sizes(x.Shape, steps);
        for (var text = 0; text < batch; text++)
        {
            var from = x.Pointer + (text * row);
            var to = y.Pointer + (text * row);
            new Span<float>(to, late).Clear();
            new ReadOnlySpan<float>(from, row - late).CopyTo(new Span<float>(to + late, row - late));
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<DelayOperation>(y);
            (record._x, record._steps) = (x.Node, steps);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        var (batch, row, late) = Sizes(_x.Shape, _steps);
        for (var text = 0; text < batch; text++)
        {
            var from = OutputGradient + (text * row) + late;
            var to = dx + (text * row);
            for (var i = 0; i < row; i++)
            {
                to[i] = (accumulate ? to[i] : 0f) + (i < row - late ? from[i] : 0f);
            }
        }
    }

    /// <summary>Sequences, the floats of one, and how many of them the delay moves.</summary>
    private static (int Batch, int Row, int Late) Sizes(Shape shape, int steps)
    {
        var row = checked(shape[1] * shape[2]);
        return (shape[0], row, Math.Min(steps, shape[1]) * shape[2]);
    }
}

namespace Idiolect.Tensors;

/// <summary>Some neighbouring columns of a tensor, such as the keys of a fused projection.</summary>
internal sealed unsafe class ColumnsOperation : Operation
{
    private TensorNode _x = null!;
    private int _first;

    /// <summary>y[row] = x[row, first .. first + count - 1].</summary>
    /// <returns>The shape of x with that width.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, int first, int count)
    {
        if (first < 0 || count < 1 || first > x.Shape.Width - count)
        {
            throw new ArgumentOutOfRangeException(nameof(count), $"Columns {first} to {first + (long)count - 1} are not all among the {x.Shape.Width} of {x.Shape}.");
        }
        var y = tape.Create(x.Shape.WithWidth(count), x.Node.NeedsGradient);
        for (var row = 0L; row < x.Shape.Rows; row++)
        {
            new ReadOnlySpan<float>(x.Pointer + (row * x.Shape.Width) + first, count).CopyTo(new Span<float>(y.Pointer + (row * count), count));
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<ColumnsOperation>(y);
            (record._x, record._first) = (x.Node, first);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        var (width, count) = (_x.Shape.Width, Output.Shape.Width);
        for (var row = 0L; row < _x.Shape.Rows; row++)
        {
            var to = new Span<float>(dx + (row * width), width);
            if (!accumulate)
            {
                to.Clear();
            }
            for (var i = 0; i < count; i++)
            {
                to[_first + i] += OutputGradient[(row * count) + i];
            }
        }
    }
}

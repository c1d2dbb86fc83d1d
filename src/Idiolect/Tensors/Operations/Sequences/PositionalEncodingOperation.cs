using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Scales embeddings up and adds sinusoidal positions (Vaswani et al. 2017, sections 3.4 and 3.5).</summary>
internal sealed unsafe class PositionalEncodingOperation : Operation
{
    private TensorNode _x = null!;
    private float _scale;

    /// <summary>y = sqrt(width) * x + table[positions]; x's handle is consumed.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="table">The positions' vectors.</param>
    /// <param name="positions">(batch, time), each a row of the table.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, PositionTable table, IntegerTensor positions)
    {
        tape.Require(x);
        tape.Require(positions, x.Shape.Rows);
        positions.RequireWithin(0, table.Positions - 1, nameof(positions));
        if (table.Width != x.Shape.Width)
        {
            throw new ArgumentException($"Positions of width {table.Width} are not added to rows of {x.Shape}.", nameof(table));
        }
        var input = x.Node;
        var source = x.Pointer;
        var (rows, width) = (x.Shape.Rows, x.Shape.Width);
        var scale = MathF.Sqrt(width);
        var y = tape.CreateConsuming(x, input.NeedsGradient);
        PositionalEncoding.Forward(tape.Team, source, table.Read(positions), positions.Pointer, y.Pointer, rows, width, scale);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<PositionalEncodingOperation>(y);
            (record._x, record._scale) = (input, scale);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dy = tape.Gradient(Output, out _);
        PositionalEncoding.Backward(tape.Team, dy, dy, _x.Shape.Rows, _x.Shape.Width, _scale);
        tape.ShareGradient(Output.Gradient!, _x);
    }
}

using System.Runtime.InteropServices;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// Chosen rows of a tensor: the state at each sequence's own end, a sequence read backwards, a source repeated for its beams.
/// </summary>
internal sealed unsafe class GatherRowsOperation : Operation
{
    private TensorNode _x = null!;
    private TensorNode _rows = null!;

    /// <summary>y[i] = x[rows[i]].</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., width), seen as rows.</param>
    /// <param name="rows">Each a row of x.</param>
    /// <param name="shape">(..., width): as many rows as there are integers.</param>
    /// <returns>A tensor of that shape.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, IntegerTensor rows, Shape shape)
    {
        tape.Require(x);
        tape.Require(rows.Data);
        rows.RequireWithin(0, x.Shape.Rows - 1, nameof(rows));
        if (shape.Rows != rows.Shape.Count || shape.Width != x.Shape.Width)
        {
            throw new ArgumentException($"{rows.Shape.Count} rows of {x.Shape} do not make a tensor of shape {shape}.", nameof(shape));
        }
        var y = tape.Create(shape, x.Node.NeedsGradient);
        Embedding.Forward(tape.Team, rows.Pointer, x.Pointer, null, null, y.Pointer, shape.Rows, shape.Width);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<GatherRowsOperation>(y);
            record.Save(rows);
            (record._x, record._rows) = (x.Node, rows.Node);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        if (!accumulate)
        {
            NativeMemory.Clear(dx, (nuint)_x.Shape.Count * sizeof(float));
        }
        Embedding.Backward(
            tape.Team, (int*)_rows.Data!.Pointer, null, OutputGradient, dx, null, Output.Shape.Rows, Output.Shape.Width);
    }
}

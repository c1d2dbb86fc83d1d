using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Rotary position embedding (Su et al. 2021) of the query and key heads of a fused projection, in place.</summary>
internal sealed unsafe class RopeOperation : Operation
{
    private TensorNode _x = null!;
    private float* _cosines; // (positions, head size / 2), the table's
    private float* _sines;
    private TensorNode _positions = null!;
    private int _headCount;
    private int _headSize;

    /// <summary>Rotates the first <paramref name="headCount"/> heads of each row by its position; x's handle is consumed.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(batch, time, heads * head size).</param>
    /// <param name="headCount">How many heads to rotate, counted from the row's start.</param>
    /// <param name="table">The cosines and sines.</param>
    /// <param name="positions">(batch, time), each a row of the table.</param>
    internal static Tensor Apply(Tape tape, Tensor x, int headCount, RotaryTable table, IntegerTensor positions)
    {
        tape.Require(x);
        tape.Require(positions, x.Shape.Rows);
        positions.RequireWithin(0, table.Positions - 1, nameof(positions));
        ArgumentOutOfRangeException.ThrowIfNegative(headCount);
        if ((long)headCount * table.HeadSize > x.Shape.Width)
        {
            throw new ArgumentException($"{headCount} heads of {table.HeadSize} do not lie in rows of {x.Shape}.", nameof(headCount));
        }
        var input = x.Node;
        var shape = x.Shape;
        var source = x.Pointer;
        var y = tape.CreateConsuming(x, input.NeedsGradient);
        if (y.Pointer != source)
        {
            Buffer.MemoryCopy(source, y.Pointer, shape.Count * sizeof(float), shape.Count * sizeof(float));
        }
        table.Read(positions, out var cosines, out var sines);
        Rope.Apply(tape.Team, y.Pointer, shape.Rows, shape.Width, headCount, table.HeadSize, positions.Pointer, cosines, sines, inverse: false);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<RopeOperation>(y);
            record._cosines = cosines;
            record._sines = sines;
            (record._x, record._positions, record._headCount, record._headSize) = (input, positions.Node, headCount, table.HeadSize);
            record.Save(positions);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        // A rotation's transpose is its inverse.
        var dy = tape.Gradient(Output, out _);
        Rope.Apply(
            tape.Team, dy, _x.Shape.Rows, _x.Shape.Width, _headCount, _headSize, (int*)_positions.Data!.Pointer,
            _cosines, _sines, inverse: true);
        tape.ShareGradient(Output.Gradient!, _x);
    }
}

using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019) of the rows of x, or of x + found in the same pass.</summary>
internal sealed unsafe class RmsNormOperation : Operation
{
    private TensorNode _x = null!; // what is normalised: x, or the sum
    private ResidualSum _sum;
    private Parameter _gain = null!;
    private float* _inverseRms; // (rows)

    /// <summary>y = x / rms(x) * gain, row by row.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., width). Becomes the sum when <paramref name="found"/> is given.</param>
    /// <param name="found">The shape of x: added to x first; its handle is consumed, and that of x before.</param>
    /// <param name="gain">(width).</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, ref Tensor x, Tensor? found, Parameter gain, float epsilon)
    {
        var (rows, width) = (x.Shape.Rows, x.Shape.Width);
        Tape.RequireVector(gain, width);
        var sum = new ResidualSum(tape, ref x, found);
        var y = tape.Create(x.Shape, x.Node.NeedsGradient || gain.RequiresGradient);
        var memory = y.Node.NeedsGradient ? tape.RentMemory(rows) : null;
        var inverseRms = memory == null ? null : memory.Pointer;
        RmsNorm.Forward(tape.Team, sum.X, gain.Data, y.Pointer, inverseRms, rows, width, epsilon, sum.Found, sum.Sum);
        RmsNormOperation? record = null;
        if (memory != null)
        {
            record = tape.Record<RmsNormOperation>(y);
            record.Own(memory);
            record.Save(x);
            (record._x, record._sum, record._gain) = (x.Node, sum, gain);
            record._inverseRms = inverseRms;
            tape.CountUse(gain);
        }
        sum.End(record, x);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        if (Output.Gradient != null)
        {
            var accumulate = false;
            var dx = _x.NeedsGradient ? tape.Gradient(_x, out accumulate) : null;
            RmsNorm.Backward(
                tape.Team, OutputGradient, _x.Data!.Pointer, _gain.Data, _inverseRms, dx, accumulate,
                _gain.RequiresGradient ? _gain.Gradient : null, _x.Shape.Rows, _x.Shape.Width);
        }
        _sum.HandOn(tape, _x);
        tape.Contributed(_gain);
    }
}

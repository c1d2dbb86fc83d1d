using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019) of the rows of x.</summary>
internal sealed unsafe class RmsNormOperation : Operation
{
    private TensorNode _x = null!;
    private Parameter _gain = null!;
    private float* _inverseRms; // (rows)

    /// <summary>y = x / rms(x) * gain, row by row.</summary>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, Parameter gain, float epsilon)
    {
        var (rows, width) = (x.Shape.Rows, x.Shape.Width);
        var y = tape.Create(x.Shape, x.Node.NeedsGradient || gain.RequiresGradient);
        if (!y.Node.NeedsGradient)
        {
            RmsNorm.Forward(tape.Team, x.Pointer, gain.Data, y.Pointer, null, rows, width, epsilon);
            return y;
        }
        var inverseRms = tape.RentMemory(rows);
        RmsNorm.Forward(tape.Team, x.Pointer, gain.Data, y.Pointer, inverseRms.Pointer, rows, width, epsilon);
        var record = tape.Record<RmsNormOperation>(y);
        record.Own(inverseRms);
        record.Save(x);
        (record._x, record._gain) = (x.Node, gain);
        record._inverseRms = inverseRms.Pointer;
        tape.CountUse(gain);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var accumulate = false;
        var dx = _x.NeedsGradient ? tape.Gradient(_x, out accumulate) : null;
        RmsNorm.Backward(
            tape.Team, OutputGradient, _x.Data!.Pointer, _gain.Data, _inverseRms, dx, accumulate,
            _gain.RequiresGradient ? _gain.Gradient : null, _x.Shape.Rows, _x.Shape.Width);
        tape.Contributed(_gain);
    }
}

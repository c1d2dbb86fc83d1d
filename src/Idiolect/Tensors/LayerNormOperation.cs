using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Layer normalisation (Ba et al. 2016) of the rows of x.</summary>
internal sealed unsafe class LayerNormOperation : Operation
{
    private TensorNode _x = null!;
    private Parameter _gain = null!;
    private Parameter? _bias;
    private float* _statistics; // (2, rows): mean, then inverse deviation

    /// <summary>y = (x - mean) / deviation * gain + bias, row by row.</summary>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, Parameter gain, Parameter? bias, float epsilon)
    {
        var (rows, width) = (x.Shape.Rows, x.Shape.Width);
        var y = tape.Create(x.Shape, x.Node.NeedsGradient || gain.RequiresGradient || bias is { RequiresGradient: true });
        var biasData = bias == null ? null : bias.Data;
        if (!y.Node.NeedsGradient)
        {
            LayerNorm.Forward(tape.Team, x.Pointer, gain.Data, biasData, y.Pointer, null, null, rows, width, epsilon);
            return y;
        }
        var statistics = tape.RentMemory(2L * rows);
        LayerNorm.Forward(
            tape.Team, x.Pointer, gain.Data, biasData, y.Pointer, statistics.Pointer, statistics.Pointer + rows, rows, width, epsilon);
        var record = tape.Record<LayerNormOperation>(y);
        record.Own(statistics);
        record.Save(x);
        (record._x, record._gain, record._bias) = (x.Node, gain, bias);
        record._statistics = statistics.Pointer;
        tape.CountUse(gain);
        tape.CountUse(bias);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var (rows, width) = (_x.Shape.Rows, _x.Shape.Width);
        var accumulate = false;
        var dx = _x.NeedsGradient ? tape.Gradient(_x, out accumulate) : null;
        LayerNorm.Backward(
            tape.Team, OutputGradient, _x.Data!.Pointer, _gain.Data, _statistics, _statistics + rows, dx, accumulate,
            _gain.RequiresGradient ? _gain.Gradient : null,
            _bias is { RequiresGradient: true } ? _bias.Gradient : null, rows, width);
        tape.Contributed(_gain);
        tape.Contributed(_bias);
    }
}

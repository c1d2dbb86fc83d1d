using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Layer normalisation (Ba et al. 2016) of the rows of x, or of x + found in the same pass.</summary>
internal sealed unsafe class LayerNormOperation : Operation
{
    private TensorNode _x = null!; // what is normalised: x, or the sum
    private ResidualSum _sum;
    private Parameter _gain = null!;
    private Parameter? _bias;
    private float* _statistics; // (2, rows): mean, then inverse deviation

    /// <summary>y = (x - mean) / deviation * gain + bias, row by row.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., width). Becomes the sum when <paramref name="found"/> is given.</param>
    /// <param name="found">The shape of x: added to x first; its handle is consumed, and that of x before.</param>
    /// <param name="gain">(width).</param>
    /// <param name="bias">(width) or null.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, ref Tensor x, Tensor? found, Parameter gain, Parameter? bias, float epsilon)
    {
        var (rows, width) = (x.Shape.Rows, x.Shape.Width);
        Tape.RequireVector(gain, width);
        Tape.RequireVector(bias, width);
        var sum = new ResidualSum(tape, ref x, found);
        var y = tape.Create(x.Shape, x.Node.NeedsGradient || gain.RequiresGradient || bias is { RequiresGradient: true });
        var memory = y.Node.NeedsGradient ? tape.RentMemory(2L * rows) : null;
        var statistics = memory == null ? null : memory.Pointer;
        LayerNorm.Forward(
            tape.Team, sum.X, gain.Data, bias == null ? null : bias.Data, y.Pointer, statistics, statistics == null ? null : statistics + rows,
            rows, width, epsilon, sum.Found, sum.Sum);
        LayerNormOperation? record = null;
        if (memory != null)
        {
            record = tape.Record<LayerNormOperation>(y);
            record.Own(memory);
            record.Save(x);
            (record._x, record._sum, record._gain, record._bias) = (x.Node, sum, gain, bias);
            record._statistics = statistics;
            tape.CountUse(gain);
            tape.CountUse(bias);
        }
        sum.End(record, x);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        if (Output.Gradient != null)
        {
            var (rows, width) = (_x.Shape.Rows, _x.Shape.Width);
            var accumulate = false;
            var dx = _x.NeedsGradient ? tape.Gradient(_x, out accumulate) : null;
            LayerNorm.Backward(
                tape.Team, OutputGradient, _x.Data!.Pointer, _gain.Data, _statistics, _statistics + rows, dx, accumulate,
                _gain.RequiresGradient ? _gain.Gradient : null,
                _bias is { RequiresGradient: true } ? _bias.Gradient : null, rows, width);
        }
        _sum.HandOn(tape, _x);
        tape.Contributed(_gain);
        tape.Contributed(_bias);
    }
}

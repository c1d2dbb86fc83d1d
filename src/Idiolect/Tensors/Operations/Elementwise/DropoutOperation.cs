using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Dropout (Srivastava et al. 2014), scaled so that the expected value stays; the mask is recomputed, never stored.</summary>
internal sealed unsafe class DropoutOperation : Operation
{
    private TensorNode _x = null!;
    private float _probability;
    private ulong _key;
    private long _firstSample;
    private bool _timeMajor;

    /// <summary>Drops elements of x, whose handle is consumed.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(samples, ...), or (time, samples, width).</param>
    /// <param name="probability">The probability of dropping an element.</param>
    /// <param name="key">The key of the masks; each sample has one of its own, by its number.</param>
    /// <param name="firstSample">The number of the first sample.</param>
    /// <param name="timeMajor">Whether samples are the second dimension.</param>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, float probability, ulong key, long firstSample, bool timeMajor)
    {
        tape.Require(x);
        var input = x.Node;
        var source = x.Pointer;
        var y = tape.CreateConsuming(x, input.NeedsGradient);
        var (steps, samples, elements) = Samples(input.Shape, timeMajor);
        Dropout.Apply(tape.Team, source, y.Pointer, samples, elements, probability, key, firstSample, steps);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<DropoutOperation>(y);
            (record._x, record._probability, record._key) = (input, probability, key);
            (record._firstSample, record._timeMajor) = (firstSample, timeMajor);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dy = tape.Gradient(Output, out _);
        var (steps, samples, elements) = Samples(_x.Shape, _timeMajor);
        Dropout.Apply(tape.Team, dy, dy, samples, elements, _probability, _key, _firstSample, steps);
        tape.ShareGradient(Output.Gradient!, _x);
    }

    private static (int Steps, int Samples, long Elements) Samples(Shape shape, bool timeMajor)
        => timeMajor ? (shape[0], shape[1], shape[2]) : (1, shape[0], shape.Count / shape[0]);
}

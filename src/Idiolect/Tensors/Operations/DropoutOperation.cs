using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Dropout (Srivastava et al. 2014), scaled so that the expected value stays; the mask is recomputed, never stored.</summary>
internal sealed unsafe class DropoutOperation : Operation
{
    private TensorNode _x = null!;
    private float _probability;
    private ulong _key;

    /// <summary>Drops elements of x, whose handle is consumed; sample s (the outermost index) has a mask of its own.</summary>
    /// <returns>The shape of x.</returns>
    internal static Tensor Apply(Tape tape, Tensor x, float probability, ulong key)
    {
        var input = x.Node;
        var source = x.Pointer;
        var y = tape.CreateConsuming(x, input.NeedsGradient);
        var (samples, elements) = Samples(input.Shape);
        Dropout.Apply(tape.Team, source, y.Pointer, samples, elements, probability, key);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<DropoutOperation>(y);
            (record._x, record._probability, record._key) = (input, probability, key);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dy = tape.Gradient(Output, out _);
        var (samples, elements) = Samples(_x.Shape);
        Dropout.Apply(tape.Team, dy, dy, samples, elements, _probability, _key);
        tape.ShareGradient(Output.Gradient!, _x);
    }

    private static (int Samples, long Elements) Samples(Shape shape) => (shape[0], shape.Count / shape[0]);
}

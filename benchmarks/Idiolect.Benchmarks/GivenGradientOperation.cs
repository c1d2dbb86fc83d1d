using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Benchmarks;

/// <summary>Stands for everything above what is measured: hands a gradient back that is known beforehand.</summary>
internal sealed unsafe class GivenGradientOperation : Operation
{
    private TensorNode _y = null!;
    private float[] _gradient = [];

    internal static float[] Random(int count, ulong seed)
        => [.. Enumerable.Range(0, count).Select(i => (float)CounterRandom.Normal(seed, (ulong)i))];

    internal static Tensor Input(Tape tape, Shape shape, float[] values)
    {
        var x = tape.Create(shape, needsGradient: true);
        values.CopyTo(new Span<float>(x.Pointer, values.Length));
        return x;
    }

    internal static Tensor Apply(Tape tape, Tensor y, float[] gradient)
    {
        var scalar = tape.Create(new Shape(1), needsGradient: true);
        var record = tape.Record<GivenGradientOperation>(scalar);
        (record._y, record._gradient) = (y.Node, gradient);
        return scalar;
    }

    protected internal override void Backward(Tape tape) => _gradient.CopyTo(new Span<float>(tape.Gradient(_y, out _), _gradient.Length));
}

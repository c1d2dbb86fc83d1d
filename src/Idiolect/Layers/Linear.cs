using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>y = x W^T + b.</summary>
internal sealed class Linear : IDisposable
{
    private readonly Parameter _weight; // (out, in)
    private readonly Parameter? _bias; // (out)
    private readonly PackedMatrix _packed;

    internal Linear(ParameterScope scope, int inputs, int outputs, bool bias, double deviation)
        : this(scope, inputs, [outputs], bias, deviation)
    {
    }

    /// <summary>Several linear layers of one input, stacked.</summary>
    /// <param name="scope">Its place.</param>
    /// <param name="inputs">The width of the input.</param>
    /// <param name="outputs">The width of each output.</param>
    /// <param name="bias">Whether it has a bias.</param>
    /// <param name="deviation">Of the first values.</param>
    internal Linear(ParameterScope scope, int inputs, int[] outputs, bool bias, double deviation)
        : this(scope.Add("weight", new Shape(outputs.Sum(), inputs), Initializer.Normal(deviation), outputs),
            bias ? scope.Add("bias", new Shape(outputs.Sum()), Initializer.Zeros) : null)
    {
    }

    /// <summary>A linear layer over a weight that exists already, such as the embedding's, or that is an output layer's.</summary>
    internal Linear(Parameter weight, Parameter? bias)
    {
        (_weight, _bias) = (weight, bias);
        _packed = new PackedMatrix(weight);
    }

    internal Parameter Weight => _weight;

    /// <summary>(..., in) to (..., out).</summary>
    internal Tensor Forward(Tensor x, ForwardContext context) => LinearOperation.Apply(context.Tape, x, _weight, _bias, _packed);

    public void Dispose() => _packed.Dispose();
}

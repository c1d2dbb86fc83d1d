using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>y = x W^T + b.</summary>
public sealed class Linear : IDisposable
{
    private readonly PackedMatrix _packed;

    /// <summary>A linear layer with parameters of its own, <c>weight</c> and <c>bias</c>.</summary>
    /// <param name="scope">Its place.</param>
    /// <param name="inputs">The width of the input.</param>
    /// <param name="outputs">The width of the output.</param>
    /// <param name="bias">Whether it has a bias.</param>
    /// <param name="deviation">The standard deviation of the weight's first values.</param>
    public Linear(ParameterScope scope, int inputs, int outputs, bool bias = true, double deviation = 0.02)
        : this(scope, inputs, [outputs], bias, deviation)
    {
    }

    /// <summary>Several linear layers of one input, stacked.</summary>
    /// <param name="scope">Its place.</param>
    /// <param name="inputs">The width of the input.</param>
    /// <param name="outputs">The width of each output.</param>
    /// <param name="bias">Whether it has a bias.</param>
    /// <param name="deviation">The standard deviation of the weight's first values.</param>
    public Linear(ParameterScope scope, int inputs, int[] outputs, bool bias = true, double deviation = 0.02)
        : this(scope.Add("weight", new Shape(outputs.Sum(), inputs), Initializer.Normal(deviation), outputs),
            bias ? scope.Add("bias", new Shape(outputs.Sum()), Initializer.Zeros) : null)
    {
    }

    /// <summary>A linear layer over parameters that exist already, such as the embedding's, or that are an output layer's.</summary>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    public Linear(Parameter weight, Parameter? bias = null)
    {
        (Weight, Bias) = (weight, bias);
        _packed = new PackedMatrix(weight);
    }

    /// <summary>W, (out, in).</summary>
    public Parameter Weight { get; }

    /// <summary>b, (out), or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">(..., in).</param>
    /// <param name="context">The pass.</param>
    /// <returns>(..., out).</returns>
    public Tensor Forward(Tensor x, ForwardContext context) => LinearOperation.Apply(context.Tape, x, Weight, Bias, _packed);

    /// <inheritdoc/>
    public void Dispose() => _packed.Dispose();
}

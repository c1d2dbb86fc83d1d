using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>A learned vector for each token, or for each position.</summary>
/// <param name="scope">Its place: it has one parameter, <c>weight</c>.</param>
/// <param name="count">Tokens, or positions.</param>
/// <param name="width">The width of a vector.</param>
/// <param name="deviation">The standard deviation of the first values.</param>
public sealed class Embedding(ParameterScope scope, int count, int width, double deviation = 0.02)
{
    /// <summary>(count, width).</summary>
    public Parameter Weight { get; } = scope.Add("weight", new Shape(count, width), Initializer.Normal(deviation));

    /// <summary>Looks vectors up.</summary>
    /// <param name="ids">(batch, time), each below the count.</param>
    /// <returns>(batch, time, width).</returns>
    public Tensor Forward(IntegerTensor ids) => ids.Embed(Weight);

    /// <summary>Looks vectors up and adds those of their positions.</summary>
    /// <param name="ids">(batch, time), each below the count.</param>
    /// <param name="positions">(batch, time).</param>
    /// <param name="ofPositions">The positions' vectors, as wide as these; null adds nothing.</param>
    /// <returns>(batch, time, width).</returns>
    public Tensor Forward(IntegerTensor ids, IntegerTensor positions, Embedding? ofPositions) => ids.Embed(Weight, positions, ofPositions?.Weight);
}

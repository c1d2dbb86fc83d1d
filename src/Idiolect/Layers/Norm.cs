using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>Which normalisation a model uses.</summary>
public enum NormKind
{
    /// <summary>Layer normalisation (Ba et al. 2016), with gain and bias.</summary>
    LayerNorm,

    /// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019), with a gain.</summary>
    RmsNorm,
}

/// <summary>Normalises each row, then scales it by learned gains.</summary>
internal sealed class Norm
{
    private readonly NormKind _kind;
    private readonly Parameter _gain; // (width)
    private readonly Parameter? _bias; // (width)
    private readonly float _epsilon;

    internal Norm(ParameterScope scope, NormKind kind, int width, bool bias, float epsilon)
    {
        (_kind, _epsilon) = (kind, epsilon);
        _gain = scope.Add("weight", new Shape(width), Initializer.Ones);
        _bias = kind == NormKind.LayerNorm && bias ? scope.Add("bias", new Shape(width), Initializer.Zeros) : null;
    }

    /// <summary>Keeps the shape.</summary>
    internal Tensor Forward(Tensor x, ForwardContext context) => Forward(ref x, null, context);

    /// <summary>
    /// Adds what a layer found to the residual stream and normalises the sum, in one pass over memory. Keeps the shape.
    /// </summary>
    /// <param name="stream">Becomes the sum; its handle before ends.</param>
    /// <param name="found">What is added; its handle is consumed. Null: nothing, the stream stays as it is.</param>
    /// <param name="context">The pass.</param>
    internal Tensor Forward(ref Tensor stream, Tensor? found, ForwardContext context) => _kind == NormKind.LayerNorm
        ? LayerNormOperation.Apply(context.Tape, ref stream, found, _gain, _bias, _epsilon)
        : RmsNormOperation.Apply(context.Tape, ref stream, found, _gain, _epsilon);
}

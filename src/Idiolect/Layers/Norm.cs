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
/// <param name="scope">Its place: it has <c>weight</c>, the gains, and with layer normalisation <c>bias</c>.</param>
/// <param name="kind">Which.</param>
/// <param name="width">The width of a row.</param>
/// <param name="bias">Whether layer normalisation has a bias.</param>
/// <param name="epsilon">What is added to the variance.</param>
public sealed class Norm(ParameterScope scope, NormKind kind, int width, bool bias = true, float epsilon = 1e-5f)
{
    private readonly Parameter _gain = scope.Add("weight", new Shape(width), Initializer.Ones); // (width)
    private readonly Parameter? _bias = kind == NormKind.LayerNorm && bias ? scope.Add("bias", new Shape(width), Initializer.Zeros) : null; // (width)

    /// <summary>Normalises.</summary>
    /// <param name="x">(..., width).</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of x.</returns>
    public Tensor Forward(Tensor x, ForwardContext context) => Forward(ref x, null, context);

    /// <summary>Adds what a layer wrote to the stream and normalises the sum, in one pass over memory; see <see cref="ResidualStream"/>.</summary>
    /// <param name="stream">Becomes the sum; its handle before ends.</param>
    /// <param name="written">What is added; its handle ends. Null: nothing, the stream stays as it is.</param>
    /// <param name="context">The pass.</param>
    internal Tensor Forward(ref Tensor stream, Tensor? written, ForwardContext context) => kind == NormKind.LayerNorm
        ? LayerNormOperation.Apply(context.Tape, ref stream, written, _gain, _bias, epsilon)
        : RmsNormOperation.Apply(context.Tape, ref stream, written, _gain, epsilon);
}

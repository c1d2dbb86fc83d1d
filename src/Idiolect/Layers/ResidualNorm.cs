using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>
/// How a layer joins the residual stream: norm(x + f(x)) as in Vaswani et al. 2017 (post-norm), or x + f(norm(x)), which trains
/// without a warm-up (pre-norm, Xiong et al. 2020).
/// </summary>
internal sealed class ResidualNorm(ParameterScope scope, int width, float epsilon, bool normFirst)
{
    private readonly Norm _norm = new(scope, NormKind.LayerNorm, width, bias: true, epsilon);

    /// <summary>What the layer reads; in post-norm the stream itself.</summary>
    internal Tensor Before(Tensor stream, ForwardContext context) => normFirst ? _norm.Forward(stream, context) : stream;

    /// <summary>The stream with what the layer found, whose handle is consumed.</summary>
    internal Tensor After(Tensor stream, Tensor found, ForwardContext context)
    {
        var sum = ResidualAddOperation.Apply(context.Tape, stream, found);
        if (normFirst)
        {
            return sum;
        }
        using var unnormalized = sum;
        return _norm.Forward(unnormalized, context);
    }
}

using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>
/// How a layer joins the residual stream: norm(x + f(x)) as in Vaswani et al. 2017 (post-norm), or x + f(norm(x)), which trains
/// without a warm-up (pre-norm, Xiong et al. 2020).
/// </summary>
/// <param name="scope">Its place.</param>
/// <param name="width">The width of the stream.</param>
/// <param name="epsilon">What the norm adds to the variance.</param>
/// <param name="normFirst">Pre-norm instead of post-norm.</param>
public sealed class ResidualNorm(ParameterScope scope, int width, float epsilon, bool normFirst)
{
    private readonly Norm _norm = new(scope, NormKind.LayerNorm, width, bias: true, epsilon);

    /// <summary>What the layer reads; in post-norm the stream itself.</summary>
    /// <param name="stream">(batch, time, width).</param>
    /// <param name="context">The pass.</param>
    public Tensor Before(Tensor stream, ForwardContext context) => normFirst ? _norm.Forward(stream, context) : stream;

    /// <summary>The stream with what the layer found, whose handle ends.</summary>
    /// <param name="stream">(batch, time, width).</param>
    /// <param name="found">The same shape; in its memory the sum is made.</param>
    /// <param name="context">The pass.</param>
    public Tensor AfterInPlace(Tensor stream, Tensor found, ForwardContext context)
    {
        var sum = found.AddInPlace(stream);
        if (normFirst)
        {
            return sum;
        }
        using var unnormalized = sum;
        return _norm.Forward(unnormalized, context);
    }
}

namespace Idiolect.Tensors;

public static partial class TensorOperations
{
    /// <summary>x W^T + b: a linear layer.</summary>
    /// <param name="x">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <returns>(..., out).</returns>
    public static Tensor Linear(this Tensor x, Parameter weight, Parameter? bias = null) => LinearOperation.Apply(x.Node.Tape, x, weight, bias);

    /// <summary>A B, or A B^T, for each matrix of a batch.</summary>
    /// <param name="a">(batch, m, k).</param>
    /// <param name="b">(batch, k, n), or (batch, n, k) where it is transposed.</param>
    /// <param name="transposed">Whether b is.</param>
    /// <returns>(batch, m, n).</returns>
    public static Tensor MatrixMultiply(this Tensor a, Tensor b, bool transposed = false)
        => MatrixProductOperation.Apply(a.Node.Tape, a, b, transposed);

    /// <summary>The softmax of each row.</summary>
    /// <param name="x">(..., keys), or (batch, queries, keys) where it is causal.</param>
    /// <param name="causal">Whether the rows are queries that see keys up to their own position only, the last one all of them.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor Softmax(this Tensor x, bool causal = false) => SoftmaxOperation.Apply(x.Node.Tape, x, causal);

    /// <summary>Some neighbouring columns, such as the keys of a fused projection.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="first">The first column.</param>
    /// <param name="count">How many.</param>
    /// <returns>The shape of x with that width.</returns>
    public static Tensor Columns(this Tensor x, int first, int count) => ColumnsOperation.Apply(x.Node.Tape, x, first, count);

    /// <summary>Heads that lie beside each other in a row become matrices of their own.</summary>
    /// <param name="x">(batch, time, heads * size).</param>
    /// <param name="heads">How many.</param>
    /// <returns>(batch * heads, time, size).</returns>
    public static Tensor SplitHeads(this Tensor x, int heads) => HeadsOperation.Apply(x.Node.Tape, x, heads, merges: false);

    /// <summary>The reverse of <see cref="SplitHeads"/>.</summary>
    /// <param name="x">(batch * heads, time, size).</param>
    /// <param name="heads">How many.</param>
    /// <returns>(batch, time, heads * size).</returns>
    public static Tensor MergeHeads(this Tensor x, int heads) => HeadsOperation.Apply(x.Node.Tape, x, heads, merges: true);

    /// <summary>Layer normalisation of each row (Ba et al. 2016).</summary>
    /// <param name="x">(..., width).</param>
    /// <param name="gain">(width).</param>
    /// <param name="bias">(width), or null.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor LayerNorm(this Tensor x, Parameter gain, Parameter? bias = null, float epsilon = 1e-5f)
        => LayerNormOperation.Apply(x.Node.Tape, ref x, null, gain, bias, epsilon);

    /// <summary>Root-mean-square normalisation of each row (Zhang and Sennrich 2019).</summary>
    /// <param name="x">(..., width).</param>
    /// <param name="gain">(width).</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor RmsNorm(this Tensor x, Parameter gain, float epsilon = 1e-5f)
        => RmsNormOperation.Apply(x.Node.Tape, ref x, null, gain, epsilon);
}

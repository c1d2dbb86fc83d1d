using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>C = A B or A B^T for each matrix of a batch: what attention is made of, and what a layer with computed weights needs.</summary>
internal sealed unsafe class MatrixProductOperation : Operation
{
    private TensorNode _a = null!;
    private TensorNode _b = null!;
    private bool _transposed;

    /// <summary>Multiplies, one matrix of the batch after the other.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="a">(batch, m, k).</param>
    /// <param name="b">(batch, k, n), or (batch, n, k) where it is transposed.</param>
    /// <param name="transposed">Whether b is.</param>
    /// <returns>(batch, m, n).</returns>
    internal static Tensor Apply(Tape tape, Tensor a, Tensor b, bool transposed)
    {
        tape.Require(a);
        tape.Require(b);
        if (a.Shape.Rank != 3 || b.Shape.Rank != 3 || a.Shape[0] != b.Shape[0] || a.Shape[2] != b.Shape[transposed ? 2 : 1])
        {
            throw new ArgumentException($"Matrices {a.Shape} and {b.Shape}{(transposed ? ", transposed," : "")} cannot be multiplied.", nameof(b));
        }
        var (batch, m, k, n) = (a.Shape[0], a.Shape[1], a.Shape[2], b.Shape[transposed ? 1 : 2]);
        var c = tape.Create(new Shape(batch, m, n), a.Node.NeedsGradient || b.Node.NeedsGradient);
        for (var i = 0L; i < batch; i++)
        {
            Gemm.Multiply(
                tape.Team, m, n, k, new MatrixView(a.Pointer + (i * m * k), k), new MatrixView(b.Pointer + (i * k * n), transposed ? k : n, transposed),
                c.Pointer + (i * m * n), n, precision: tape.Precision);
        }
        if (c.Node.NeedsGradient)
        {
            var record = tape.Record<MatrixProductOperation>(c);
            (record._a, record._b, record._transposed) = (a.Node, b.Node, transposed);
            record.Save(a);
            record.Save(b);
        }
        return c;
    }

    protected internal override void Backward(Tape tape)
    {
        var (batch, m, k, n) = (_a.Shape[0], _a.Shape[1], _a.Shape[2], Output.Shape[2]);
        if (_a.NeedsGradient)
        {
            var da = tape.Gradient(_a, out var accumulate);
            for (var i = 0L; i < batch; i++)
            {
                // dA (m, k) = dC (m, n) times B^T (n, k)
                var b = new MatrixView(_b.Data!.Pointer + (i * k * n), _transposed ? k : n, transposed: !_transposed);
                Gemm.Multiply(
                    tape.Team, m, k, n, new MatrixView(OutputGradient + (i * m * n), n), b, da + (i * m * k), k,
                    accumulate ? GemmStart.Accumulate : GemmStart.Zero, precision: tape.Precision);
            }
        }
        if (_b.NeedsGradient)
        {
            var db = tape.Gradient(_b, out var accumulate);
            var start = accumulate ? GemmStart.Accumulate : GemmStart.Zero;
            for (var i = 0L; i < batch; i++)
            {
                var a = _a.Data!.Pointer + (i * m * k);
                var dc = OutputGradient + (i * m * n);
                if (_transposed)
                {
                    // dB (n, k) = dC^T (n, m) times A (m, k)
                    Gemm.Multiply(
                        tape.Team, n, k, m, new MatrixView(dc, n, transposed: true), new MatrixView(a, k), db + (i * k * n), k, start,
                        precision: tape.Precision);
                }
                else
                {
                    // dB (k, n) = A^T (k, m) times dC (m, n)
                    Gemm.Multiply(
                        tape.Team, k, n, m, new MatrixView(a, k, transposed: true), new MatrixView(dc, n), db + (i * k * n), n, start,
                        precision: tape.Precision);
                }
            }
        }
    }
}

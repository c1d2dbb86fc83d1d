using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class Gemm
{
    /// <summary>The same in plain loops, for tests; with its backward pass, which is two products again.</summary>
    internal static class Reference
    {
        /// <summary>C (m, n) = start + A (m, k) · B (k, n); a transposed operand is given as (k, m) or (n, k).</summary>
        internal static void Multiply<T>(
            int m, int n, int k, ReadOnlySpan<T> a, bool transposeA, ReadOnlySpan<T> b, bool transposeB, Span<T> c,
            GemmStart start = GemmStart.Zero, ReadOnlySpan<T> bias = default)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < m; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    var sum = start switch
                    {
                        GemmStart.Accumulate => c[(i * n) + j],
                        GemmStart.Bias => bias[j],
                        _ => T.Zero,
                    };
                    for (var p = 0; p < k; p++)
                    {
                        sum += (transposeA ? a[(p * m) + i] : a[(i * k) + p]) * (transposeB ? b[(j * k) + p] : b[(p * n) + j]);
                    }
                    c[(i * n) + j] = sum;
                }
            }
        }

        /// <summary>The gradients of y (rows, out) = x (rows, in) · w (out, in)^T + bias: dx = dy w, dw = dy^T x, dbias = column sums.</summary>
        internal static void LinearBackward<T>(
            int rows, int inputs, int outputs, ReadOnlySpan<T> dy, ReadOnlySpan<T> x, ReadOnlySpan<T> w, Span<T> dx, Span<T> dw, Span<T> dBias)
            where T : struct, IFloatingPointIeee754<T>
        {
            Multiply(rows, inputs, outputs, dy, false, w, false, dx);
            Multiply(outputs, inputs, rows, dy, true, x, false, dw);
            dBias.Clear();
            for (var i = 0; i < dy.Length; i++)
            {
                dBias[i % outputs] += dy[i];
            }
        }
    }
}

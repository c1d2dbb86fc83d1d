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

        /// <summary>The numbers that a row of A, or a column of B, consists of once a team's threads have packed it.</summary>
        internal static double[] Packed(ReadOnlySpan<float> line, Team team, Precision precision)
        {
            var (format, lanes) = (FormatOf(team, precision), team.Vectors.Lanes());
            if (format != PanelFormat.ScaledInt16Pairs)
            {
                return Array.ConvertAll(line.ToArray(), value => (double)(format == PanelFormat.Float32 ? value : SimdScalar.RoundToBFloat16(value)));
            }
            var packed = new double[line.Length];
            var jobs = new Pieces(line.Length, MostDepth, Surplus(format, lanes));
            for (var job = 0; job < jobs.Count; job++)
            {
                var slabs = Slabs(jobs.Length(job), format, lanes);
                for (var slab = 0; slab < slabs.Count; slab++)
                {
                    var (first, length) = (jobs.First(job) + slabs.First(slab), slabs.Length(slab));
                    var (integers, scale) = ScaledIntegers(line.Slice(first, length));
                    for (var i = 0; i < length; i++)
                    {
                        packed[first + i] = integers[i] * (double)scale;
                    }
                }
            }
            return packed;
        }

        /// <summary>A line of a slab as integers, and what to multiply them by.</summary>
        internal static (short[] Integers, float Scale) ScaledIntegers(ReadOnlySpan<float> line)
        {
            Span<float> squares = [LeastSquare, LeastSquare, LeastSquare, LeastSquare];
            for (var i = 0; i < line.Length; i++)
            {
                ref var sum = ref squares[i < line.Length / 4 * 4 ? i % 4 : 0];
                sum = MathF.FusedMultiplyAdd(line[i], line[i], sum);
            }
            var norm = MathF.Sqrt((squares[0] + squares[1]) + (squares[2] + squares[3]));
            var factor = IntegerNorm / norm;
            return (
                Array.ConvertAll(line.ToArray(), value => (short)BitConverter.SingleToInt32Bits(MathF.FusedMultiplyAdd(value, factor, ToInteger))),
                norm * (1 / IntegerNorm));
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

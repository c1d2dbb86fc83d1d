using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class LayerNorm
{
    /// <summary>The formulas, plainly: x, y, dy, dx (rows, width); gain, bias, dGain, dBias (width).</summary>
    internal static class Reference
    {
        internal static void Forward<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> gain, ReadOnlySpan<T> bias, Span<T> y, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            var width = gain.Length;
            for (var start = 0; start < x.Length; start += width)
            {
                var (mean, inverse) = Statistics(x.Slice(start, width), epsilon);
                for (var i = 0; i < width; i++)
                {
                    y[start + i] = ((x[start + i] - mean) * inverse * gain[i]) + (bias.IsEmpty ? T.Zero : bias[i]);
                }
            }
        }

        /// <summary>Writes dx; adds to dGain and dBias.</summary>
        internal static void Backward<T>(
            ReadOnlySpan<T> dy, ReadOnlySpan<T> x, ReadOnlySpan<T> gain, Span<T> dx, Span<T> dGain, Span<T> dBias, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            var width = gain.Length;
            var n = T.CreateChecked(width);
            for (var start = 0; start < x.Length; start += width)
            {
                var (mean, inverse) = Statistics(x.Slice(start, width), epsilon);
                T sum = T.Zero, dot = T.Zero;
                for (var i = 0; i < width; i++)
                {
                    var normal = (x[start + i] - mean) * inverse;
                    sum += dy[start + i] * gain[i];
                    dot += dy[start + i] * gain[i] * normal;
                    dGain[i] += dy[start + i] * normal;
                    dBias[i] += dy[start + i];
                }
                for (var i = 0; i < width; i++)
                {
                    var normal = (x[start + i] - mean) * inverse;
                    dx[start + i] = inverse * ((dy[start + i] * gain[i]) - (sum / n) - (normal * dot / n));
                }
            }
        }

        private static (T Mean, T InverseDeviation) Statistics<T>(ReadOnlySpan<T> row, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            var n = T.CreateChecked(row.Length);
            T sum = T.Zero, squares = T.Zero;
            foreach (var value in row)
            {
                sum += value;
            }
            var mean = sum / n;
            foreach (var value in row)
            {
                squares += (value - mean) * (value - mean);
            }
            return (mean, T.One / T.Sqrt((squares / n) + epsilon));
        }
    }
}

using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class RmsNorm
{
    /// <summary>The formulas, plainly: x, y, dy, dx (rows, width); gain, dGain (width).</summary>
    internal static class Reference
    {
        internal static void Forward<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> gain, Span<T> y, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var start = 0; start < x.Length; start += gain.Length)
            {
                var inverse = InverseRms(x.Slice(start, gain.Length), epsilon);
                for (var i = 0; i < gain.Length; i++)
                {
                    y[start + i] = x[start + i] * inverse * gain[i];
                }
            }
        }

        /// <summary>Writes dx; adds to dGain.</summary>
        internal static void Backward<T>(
            ReadOnlySpan<T> dy, ReadOnlySpan<T> x, ReadOnlySpan<T> gain, Span<T> dx, Span<T> dGain, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            var width = gain.Length;
            for (var start = 0; start < x.Length; start += width)
            {
                var inverse = InverseRms(x.Slice(start, width), epsilon);
                var dot = T.Zero;
                for (var i = 0; i < width; i++)
                {
                    var normal = x[start + i] * inverse;
                    dot += dy[start + i] * gain[i] * normal;
                    dGain[i] += dy[start + i] * normal;
                }
                for (var i = 0; i < width; i++)
                {
                    var normal = x[start + i] * inverse;
                    dx[start + i] = inverse * ((dy[start + i] * gain[i]) - (normal * dot / T.CreateChecked(width)));
                }
            }
        }

        private static T InverseRms<T>(ReadOnlySpan<T> row, T epsilon)
            where T : struct, IFloatingPointIeee754<T>
        {
            var squares = T.Zero;
            foreach (var value in row)
            {
                squares += value * value;
            }
            return T.One / T.Sqrt((squares / T.CreateChecked(row.Length)) + epsilon);
        }
    }
}

using System.Numerics;

namespace Idiolect.Kernels;

/// <summary>The weighted squared error of a regression. The weights come as their roots, so that one buffer serves both passes.</summary>
internal static unsafe class SquaredError
{
    /// <summary>errors[i] = roots[i] * (y[i] - targets[i]); returns half the sum of their squares.</summary>
    internal static double Forward(Team team, float* y, float* targets, float* roots, float* errors, long count)
    {
        ElementWise.Apply<Difference>(team, y, targets, errors, count);
        ElementWise.Apply<Product>(team, errors, roots, errors, count);
        return 0.5 * SquaredNorm.Compute(team, errors, count);
    }

    /// <summary>dy = roots * errors, or dy += that.</summary>
    internal static void Backward(Team team, float* errors, float* roots, float* dy, bool accumulate, long count)
        => ElementWise.Apply<Product>(team, errors, roots, dy, count, accumulate);

    internal static class Reference
    {
        internal static T Forward<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> targets, ReadOnlySpan<T> roots, Span<T> gradient)
            where T : struct, IFloatingPointIeee754<T>
        {
            var sum = T.Zero;
            for (var i = 0; i < y.Length; i++)
            {
                var error = roots[i] * (y[i] - targets[i]);
                gradient[i] = roots[i] * error;
                sum += error * error;
            }
            return sum / (T.One + T.One);
        }
    }
}

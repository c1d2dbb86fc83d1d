using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The squared Euclidean norm, for gradient clipping and the L2 penalty; not finite when an element is not.</summary>
internal static unsafe class SquaredNorm
{
    /// <summary>The sum of x[i]^2 over (count). Uses the team's shared scratch.</summary>
    internal static double Compute(Team team, float* x, long count) => ChunkedSum.Compute<Square>(team, x, count);

    private readonly struct Square : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => S.Multiply(x, x);
    }

    internal static class Reference
    {
        internal static T Compute<T>(ReadOnlySpan<T> x)
            where T : struct, IFloatingPointIeee754<T>
        {
            var sum = T.Zero;
            foreach (var value in x)
            {
                sum += value * value;
            }
            return sum;
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The value of the L1 penalty (Tibshirani 1996); AdamW adds its gradient. L2's is <see cref="SquaredNorm"/> / 2.</summary>
internal static unsafe class Penalty
{
    /// <summary>The sum of |w[i]| over (count). Uses the team's shared scratch.</summary>
    internal static double L1(Team team, float* w, long count) => ChunkedSum.Compute<Magnitude>(team, w, count);

    private readonly struct Magnitude : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => S.Abs(x);
    }

    internal static class Reference
    {
        internal static T L1<T>(ReadOnlySpan<T> w)
            where T : struct, IFloatingPointIeee754<T>
        {
            var sum = T.Zero;
            foreach (var value in w)
            {
                sum += T.Abs(value);
            }
            return sum;
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The residual connection (He et al. 2016): element-wise sums.</summary>
internal static unsafe class ResidualAdd
{
    /// <summary>y = a + b over <paramref name="count"/> elements; y may alias either.</summary>
    internal static void Forward(Team team, float* a, float* b, float* y, long count)
        => ElementWise.Apply<Sum>(team, a, b, y, count);

    /// <summary>destination += source over <paramref name="count"/> elements.</summary>
    internal static void Accumulate(Team team, float* source, float* destination, long count)
        => ElementWise.Apply<Sum>(team, source, destination, destination, count);

    private readonly struct Sum : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V a, V b)
            where S : struct, ISimd<V>
            where V : struct
            => S.Add(a, b);
    }

    internal static class Reference
    {
        internal static void Forward<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < y.Length; i++)
            {
                y[i] = a[i] + b[i];
            }
        }
    }
}

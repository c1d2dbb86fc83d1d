using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

// The forward operators take (x, x), their gradients take (dy, x).
internal static unsafe partial class Activation
{
    /// <summary>x Phi(x).</summary>
    internal readonly struct Gelu : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x, V _)
            where S : struct, ISimd<V>
            where V : struct
            => S.Multiply(x, SimdMath.NormalDistribution<S, V>(x, SimdMath.Exp<S, V>(S.Multiply(S.Multiply(x, x), S.Create(-0.5f)))));
    }

    /// <summary>dy (Phi(x) + x phi(x)), phi the normal density.</summary>
    internal readonly struct GeluGradient : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V dy, V x)
            where S : struct, ISimd<V>
            where V : struct
        {
            const float InverseRootTwoPi = 0.39894228f;
            var bell = SimdMath.Exp<S, V>(S.Multiply(S.Multiply(x, x), S.Create(-0.5f)));
            var slope = S.Multiply(S.Multiply(x, bell), S.Create(InverseRootTwoPi));
            return S.Multiply(dy, S.Add(SimdMath.NormalDistribution<S, V>(x, bell), slope));
        }
    }

    // 0.5 (1 + tanh(u)) = sigmoid(2u), with 2u = x (c + d x^2).
    private const float TanhLinear = 1.59576912f; // 2 sqrt(2 / pi)
    private const float TanhCubic = TanhLinear * 0.044715f;

    /// <summary>x sigmoid(c x + d x^3).</summary>
    internal readonly struct GeluTanh : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x, V _)
            where S : struct, ISimd<V>
            where V : struct
        {
            var inner = S.MultiplyAdd(S.Multiply(x, x), S.Create(TanhCubic), S.Create(TanhLinear));
            return S.Multiply(x, SimdMath.Sigmoid<S, V>(S.Multiply(x, inner)));
        }
    }

    /// <summary>dy (s + x s (1 - s) (c + 3 d x^2)), s = sigmoid(c x + d x^3).</summary>
    internal readonly struct GeluTanhGradient : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V dy, V x)
            where S : struct, ISimd<V>
            where V : struct
        {
            var square = S.Multiply(x, x);
            var inner = S.MultiplyAdd(square, S.Create(TanhCubic), S.Create(TanhLinear));
            var slope = S.MultiplyAdd(square, S.Create(3 * TanhCubic), S.Create(TanhLinear));
            var s = SimdMath.Sigmoid<S, V>(S.Multiply(x, inner));
            var change = S.Multiply(S.Multiply(s, S.Subtract(S.Create(1f), s)), S.Multiply(x, slope));
            return S.Multiply(dy, S.Add(s, change));
        }
    }

    /// <summary>x sigmoid(x).</summary>
    internal readonly struct Silu : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x, V _)
            where S : struct, ISimd<V>
            where V : struct
            => S.Multiply(x, SimdMath.Sigmoid<S, V>(x));
    }

    /// <summary>dy s (1 + x (1 - s)), s = sigmoid(x).</summary>
    internal readonly struct SiluGradient : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V dy, V x)
            where S : struct, ISimd<V>
            where V : struct
        {
            var s = SimdMath.Sigmoid<S, V>(x);
            var change = S.MultiplyAdd(x, S.Subtract(S.Create(1f), s), S.Create(1f));
            return S.Multiply(dy, S.Multiply(s, change));
        }
    }

    /// <summary>max(x, 0); NaN stays NaN.</summary>
    internal readonly struct Relu : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x, V _)
            where S : struct, ISimd<V>
            where V : struct
            => S.Max(S.Zero, x);
    }

    /// <summary>dy where x &gt; 0, else 0.</summary>
    internal readonly struct ReluGradient : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V dy, V x)
            where S : struct, ISimd<V>
            where V : struct
            => S.SelectGreater(x, S.Zero, dy, S.Zero);
    }

    /// <summary>max(x, 0)^2.</summary>
    internal readonly struct ReluSquared : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V x, V _)
            where S : struct, ISimd<V>
            where V : struct
        {
            var positive = S.Max(S.Zero, x);
            return S.Multiply(positive, positive);
        }
    }

    /// <summary>2 dy max(x, 0).</summary>
    internal readonly struct ReluSquaredGradient : IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Invoke<S, V>(V dy, V x)
            where S : struct, ISimd<V>
            where V : struct
        {
            var positive = S.Max(S.Zero, x);
            return S.Multiply(dy, S.Add(positive, positive));
        }
    }
}

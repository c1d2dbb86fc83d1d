using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class Activation
{
    /// <summary>The activations and their derivatives, one number at a time.</summary>
    internal static class Reference
    {
        internal static T Forward<T>(ActivationKind kind, T x)
            where T : struct, IFloatingPointIeee754<T>
            => kind switch
            {
                ActivationKind.Gelu => x * NormalDistribution(x),
                ActivationKind.GeluTanh => x * (T.One + T.Tanh(TanhArgument(x))) / T.CreateChecked(2),
                ActivationKind.Silu => x * Sigmoid(x),
                ActivationKind.Relu => T.Max(x, T.Zero),
                _ => T.Max(x, T.Zero) * T.Max(x, T.Zero),
            };

        internal static T Derivative<T>(ActivationKind kind, T x)
            where T : struct, IFloatingPointIeee754<T>
        {
            var two = T.CreateChecked(2);
            switch (kind)
            {
                case ActivationKind.Gelu:
                    return NormalDistribution(x) + (x * T.Exp(-x * x / two) / T.Sqrt(two * T.Pi));
                case ActivationKind.GeluTanh:
                    var tanh = T.Tanh(TanhArgument(x));
                    var slope = T.Sqrt(two / T.Pi) * (T.One + (T.CreateChecked(3 * 0.044715) * x * x));
                    return ((T.One + tanh) / two) + (x * (T.One - (tanh * tanh)) * slope / two);
                case ActivationKind.Silu:
                    return Sigmoid(x) * (T.One + (x * (T.One - Sigmoid(x))));
                case ActivationKind.Relu:
                    return x > T.Zero ? T.One : T.Zero;
                default:
                    return two * T.Max(x, T.Zero);
            }
        }

        internal static T Sigmoid<T>(T x)
            where T : struct, IFloatingPointIeee754<T>
            => T.One / (T.One + T.Exp(-x));

        private static T TanhArgument<T>(T x)
            where T : struct, IFloatingPointIeee754<T>
            => T.Sqrt(T.CreateChecked(2) / T.Pi) * (x + (T.CreateChecked(0.044715) * x * x * x));

        /// <summary>(1 + erf(x / sqrt 2)) / 2 by the series of erf with positive terms (Abramowitz and Stegun 7.1.6).</summary>
        private static T NormalDistribution<T>(T x)
            where T : struct, IFloatingPointIeee754<T>
        {
            var half = T.CreateChecked(0.5);
            if (T.Abs(x) > T.CreateChecked(12))
            {
                return x > T.Zero ? T.One : T.Zero;
            }
            var term = x;
            var sum = x;
            for (var n = 3; T.Abs(term) > T.Epsilon; n += 2)
            {
                term *= x * x / T.CreateChecked(n);
                sum += term;
            }
            return half + (sum * T.Exp(-x * x * half) / T.Sqrt(T.CreateChecked(2) * T.Pi));
        }
    }
}

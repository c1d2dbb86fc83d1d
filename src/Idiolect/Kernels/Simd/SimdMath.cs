using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Transcendental functions over any register width, accurate to about 2 units in the last place.</summary>
internal static class SimdMath
{
    /// <summary>
    /// e^x: x = n ln 2 + r with |r| &lt;= ln 2 / 2 (Cody and Waite 1980), a degree-6 polynomial in r, scaled by 2^n.
    /// Arguments below -87.3 give about 1e-38, above 88.3 about 2e38 instead of infinity.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Exp<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // In this order of operands the hardware's min and max hand a NaN on.
        x = S.Min(S.Create(88.3f), S.Max(S.Create(-87.3f), x));
        var n = S.Round(S.Multiply(x, S.Create(1.44269504f)));
        var r = S.MultiplyAdd(n, S.Create(-0.693359375f), x);
        r = S.MultiplyAdd(n, S.Create(2.12194440e-4f), r);
        var p = S.MultiplyAdd(S.Create(1.9875691500e-4f), r, S.Create(1.3981999507e-3f));
        p = S.MultiplyAdd(p, r, S.Create(8.3334519073e-3f));
        p = S.MultiplyAdd(p, r, S.Create(4.1665795894e-2f));
        p = S.MultiplyAdd(p, r, S.Create(1.6666665459e-1f));
        p = S.MultiplyAdd(p, r, S.Create(5.0000001201e-1f));
        p = S.MultiplyAdd(p, S.Multiply(r, r), r);
        return S.ScaleByPowerOfTwo(S.Add(p, S.Create(1f)), n);
    }

    /// <summary>
    /// 2^x for x up to 127: a degree-5 polynomial in x - n, scaled by 2^n, where n is the nearest integer; 2^0 is exactly 1.
    /// Arguments below -126 give about 1e-38. Fewer instructions than <see cref="Exp"/>, for the inner loops of softmax.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V PowerOfTwo<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // In this order of operands the hardware's max hands a NaN on. The coefficients minimise the relative error (9e-8).
        x = S.Max(S.Create(-126f), x);
        var n = S.Round(x);
        var r = S.Subtract(x, n);
        var p = S.MultiplyAdd(S.Create(1.32647273e-3f), r, S.Create(9.67151299e-3f));
        p = S.MultiplyAdd(p, r, S.Create(5.55073358e-2f));
        p = S.MultiplyAdd(p, r, S.Create(0.240222424f));
        p = S.MultiplyAdd(p, r, S.Create(0.693147004f));
        p = S.MultiplyAdd(p, r, S.Create(1f));
        return S.ScaleByPowerOfTwo(p, n);
    }

    /// <summary>
    /// The logistic function 1 / (1 + e^-x), as 1 / (1 + 2^(-x log2 e)): activations take two thirds of the time that they take by <see cref="Exp"/>.
    /// Above x = 0 it is as accurate; below, where it is small, off by up to |x| units in the last place more. Never 0: 1e-38 at the least.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Sigmoid<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        var power = PowerOfTwo<S, V>(S.Min(S.Create(126f), S.Multiply(x, S.Create(-1.44269504f))));
        return S.Divide(S.Create(1f), S.Add(S.Create(1f), power));
    }

    /// <summary>
    /// The hyperbolic tangent: below 0.625 an odd polynomial (the coefficients of Cephes' tanhf), so that small values keep
    /// their digits; above it 1 - 2 / (e^2|x| + 1).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Tanh<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        var square = S.Multiply(x, x);
        var p = S.MultiplyAdd(S.Create(-5.70498872745e-3f), square, S.Create(2.06390887954e-2f));
        p = S.MultiplyAdd(p, square, S.Create(-5.37397155531e-2f));
        p = S.MultiplyAdd(p, square, S.Create(1.33314422036e-1f));
        p = S.MultiplyAdd(p, square, S.Create(-3.33332819422e-1f));
        var small = S.MultiplyAdd(S.Multiply(p, square), x, x);
        var magnitude = S.Abs(x);
        var power = Exp<S, V>(S.Add(magnitude, magnitude));
        var large = S.Subtract(S.Create(1f), S.Divide(S.Create(2f), S.Add(power, S.Create(1f))));
        large = S.SelectGreater(x, S.Zero, large, S.Subtract(S.Zero, large));
        return S.SelectGreater(magnitude, S.Create(0.625f), large, small);
    }

    /// <summary>
    /// The normal distribution function Phi(x) = erfc(-x / sqrt 2) / 2, given <paramref name="bell"/> = e^(-x^2 / 2).
    /// With z = |x| / sqrt 2 and t = 1 / (1 + 0.35 z), erfc(z) = e^(-z^2) t P(t); P is interpolated at the Chebyshev nodes
    /// of z in [0, 12] with a relative error of 1.2e-8, so that the lower tail is accurate too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V NormalDistribution<S, V>(V x, V bell)
        where S : struct, ISimd<V>
        where V : struct
    {
        const float SlopeOfT = 0.24748737f; // 0.35 / sqrt 2
        var t = S.Divide(S.Create(1f), S.MultiplyAdd(S.Abs(x), S.Create(SlopeOfT), S.Create(1f)));
        var p = S.MultiplyAdd(S.Create(0.0394160533f), t, S.Create(-0.164974626f));
        p = S.MultiplyAdd(p, t, S.Create(0.197046516f));
        p = S.MultiplyAdd(p, t, S.Create(-0.050472887f));
        p = S.MultiplyAdd(p, t, S.Create(0.107743206f));
        p = S.MultiplyAdd(p, t, S.Create(0.133880729f));
        p = S.MultiplyAdd(p, t, S.Create(0.155775722f));
        p = S.MultiplyAdd(p, t, S.Create(0.18683078f));
        p = S.MultiplyAdd(p, t, S.Create(0.197278554f));
        p = S.MultiplyAdd(p, t, S.Create(0.197475959f));
        var tail = S.Multiply(S.Multiply(S.Multiply(p, t), bell), S.Create(0.5f));
        return S.SelectGreater(x, S.Zero, S.Subtract(S.Create(1f), tail), tail);
    }
}

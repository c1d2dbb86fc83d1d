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
        x = S.Min(S.Max(x, S.Create(-87.3f)), S.Create(88.3f));
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

    /// <summary>The logistic function 1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Sigmoid<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
        => S.Divide(S.Create(1f), S.Add(S.Create(1f), Exp<S, V>(S.Subtract(S.Zero, x))));
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>Transposition of 4 x 4 floats in registers. The portable forms of the zips go through scalars, which would make packing slower than multiplying.</summary>
internal static class Transposition
{
    /// <summary>Whether the processor has zips, so that a block takes less time than its elements one by one.</summary>
    internal static bool IsFast => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>The columns of the block with these rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (Vector128<float> C0, Vector128<float> C1, Vector128<float> C2, Vector128<float> C3) Columns(
        Vector128<float> r0, Vector128<float> r1, Vector128<float> r2, Vector128<float> r3)
    {
        var low01 = ZipLow(r0, r1).AsDouble(); // r0[0] r1[0] r0[1] r1[1]
        var low23 = ZipLow(r2, r3).AsDouble();
        var high01 = ZipHigh(r0, r1).AsDouble(); // r0[2] r1[2] r0[3] r1[3]
        var high23 = ZipHigh(r2, r3).AsDouble();
        return (ZipLow(low01, low23).AsSingle(), ZipHigh(low01, low23).AsSingle(), ZipLow(high01, high23).AsSingle(), ZipHigh(high01, high23).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackHigh(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipLow(Vector128<double> a, Vector128<double> b)
        => Sse2.IsSupported ? Sse2.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> ZipHigh(Vector128<double> a, Vector128<double> b)
        => Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
            : Vector128.Create(a[1], b[1]);
}

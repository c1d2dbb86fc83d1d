using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// The micro-kernels: C tile (rows, two registers) = start + A panel (depth, rows) · B panel (depth, two registers).
/// Written out row by row, because the JIT keeps locals in registers but not arrays.
/// </summary>
internal static unsafe partial class Gemm
{
    /// <summary>One row by two registers: 2 accumulators, two registers of B and one broadcast of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<S, V>(int depth, float* a, float* b, float* c, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        V c00, c01;
        if (start == GemmStart.Accumulate)
        {
            var row = c;
            c00 = S.Load(row);
            c01 = S.Load(row + S.Count);
        }
        else
        {
            c00 = start == GemmStart.Bias ? S.Load(bias) : S.Zero;
            c01 = start == GemmStart.Bias ? S.Load(bias + S.Count) : S.Zero;
        }
        for (var p = 0; p < depth; p++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Count);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            c01 = S.MultiplyAdd(a0, b1, c01);
            a += 1;
            b += 2 * S.Count;
        }
        S.Store(c, c00);
        S.Store(c + S.Count, c01);
    }

    /// <summary>A tile of 6 rows by two registers: 12 accumulators, two registers of B and one broadcast of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6<S, V>(int depth, float* a, float* b, float* c, int cStride, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        V c00, c01;
        V c10, c11;
        V c20, c21;
        V c30, c31;
        V c40, c41;
        V c50, c51;
        if (start == GemmStart.Accumulate)
        {
            var row = c;
            c00 = S.Load(row);
            c01 = S.Load(row + S.Count);
            row += cStride;
            c10 = S.Load(row);
            c11 = S.Load(row + S.Count);
            row += cStride;
            c20 = S.Load(row);
            c21 = S.Load(row + S.Count);
            row += cStride;
            c30 = S.Load(row);
            c31 = S.Load(row + S.Count);
            row += cStride;
            c40 = S.Load(row);
            c41 = S.Load(row + S.Count);
            row += cStride;
            c50 = S.Load(row);
            c51 = S.Load(row + S.Count);
        }
        else
        {
            c00 = start == GemmStart.Bias ? S.Load(bias) : S.Zero;
            c01 = start == GemmStart.Bias ? S.Load(bias + S.Count) : S.Zero;
            c10 = c00;
            c11 = c01;
            c20 = c00;
            c21 = c01;
            c30 = c00;
            c31 = c01;
            c40 = c00;
            c41 = c01;
            c50 = c00;
            c51 = c01;
        }
        for (var p = 0; p < depth; p++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Count);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            c01 = S.MultiplyAdd(a0, b1, c01);
            var a1 = S.Create(a[1]);
            c10 = S.MultiplyAdd(a1, b0, c10);
            c11 = S.MultiplyAdd(a1, b1, c11);
            var a2 = S.Create(a[2]);
            c20 = S.MultiplyAdd(a2, b0, c20);
            c21 = S.MultiplyAdd(a2, b1, c21);
            var a3 = S.Create(a[3]);
            c30 = S.MultiplyAdd(a3, b0, c30);
            c31 = S.MultiplyAdd(a3, b1, c31);
            var a4 = S.Create(a[4]);
            c40 = S.MultiplyAdd(a4, b0, c40);
            c41 = S.MultiplyAdd(a4, b1, c41);
            var a5 = S.Create(a[5]);
            c50 = S.MultiplyAdd(a5, b0, c50);
            c51 = S.MultiplyAdd(a5, b1, c51);
            a += 6;
            b += 2 * S.Count;
        }
        S.Store(c, c00);
        S.Store(c + S.Count, c01);
        c += cStride;
        S.Store(c, c10);
        S.Store(c + S.Count, c11);
        c += cStride;
        S.Store(c, c20);
        S.Store(c + S.Count, c21);
        c += cStride;
        S.Store(c, c30);
        S.Store(c + S.Count, c31);
        c += cStride;
        S.Store(c, c40);
        S.Store(c + S.Count, c41);
        c += cStride;
        S.Store(c, c50);
        S.Store(c + S.Count, c51);
    }

    /// <summary>A tile of 12 rows by two registers: 24 accumulators, two registers of B and one broadcast of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12<S, V>(int depth, float* a, float* b, float* c, int cStride, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        V c00, c01;
        V c10, c11;
        V c20, c21;
        V c30, c31;
        V c40, c41;
        V c50, c51;
        V c60, c61;
        V c70, c71;
        V c80, c81;
        V c90, c91;
        V c100, c101;
        V c110, c111;
        if (start == GemmStart.Accumulate)
        {
            var row = c;
            c00 = S.Load(row);
            c01 = S.Load(row + S.Count);
            row += cStride;
            c10 = S.Load(row);
            c11 = S.Load(row + S.Count);
            row += cStride;
            c20 = S.Load(row);
            c21 = S.Load(row + S.Count);
            row += cStride;
            c30 = S.Load(row);
            c31 = S.Load(row + S.Count);
            row += cStride;
            c40 = S.Load(row);
            c41 = S.Load(row + S.Count);
            row += cStride;
            c50 = S.Load(row);
            c51 = S.Load(row + S.Count);
            row += cStride;
            c60 = S.Load(row);
            c61 = S.Load(row + S.Count);
            row += cStride;
            c70 = S.Load(row);
            c71 = S.Load(row + S.Count);
            row += cStride;
            c80 = S.Load(row);
            c81 = S.Load(row + S.Count);
            row += cStride;
            c90 = S.Load(row);
            c91 = S.Load(row + S.Count);
            row += cStride;
            c100 = S.Load(row);
            c101 = S.Load(row + S.Count);
            row += cStride;
            c110 = S.Load(row);
            c111 = S.Load(row + S.Count);
        }
        else
        {
            c00 = start == GemmStart.Bias ? S.Load(bias) : S.Zero;
            c01 = start == GemmStart.Bias ? S.Load(bias + S.Count) : S.Zero;
            c10 = c00;
            c11 = c01;
            c20 = c00;
            c21 = c01;
            c30 = c00;
            c31 = c01;
            c40 = c00;
            c41 = c01;
            c50 = c00;
            c51 = c01;
            c60 = c00;
            c61 = c01;
            c70 = c00;
            c71 = c01;
            c80 = c00;
            c81 = c01;
            c90 = c00;
            c91 = c01;
            c100 = c00;
            c101 = c01;
            c110 = c00;
            c111 = c01;
        }
        for (var p = 0; p < depth; p++)
        {
            var b0 = S.Load(b);
            var b1 = S.Load(b + S.Count);
            var a0 = S.Create(a[0]);
            c00 = S.MultiplyAdd(a0, b0, c00);
            c01 = S.MultiplyAdd(a0, b1, c01);
            var a1 = S.Create(a[1]);
            c10 = S.MultiplyAdd(a1, b0, c10);
            c11 = S.MultiplyAdd(a1, b1, c11);
            var a2 = S.Create(a[2]);
            c20 = S.MultiplyAdd(a2, b0, c20);
            c21 = S.MultiplyAdd(a2, b1, c21);
            var a3 = S.Create(a[3]);
            c30 = S.MultiplyAdd(a3, b0, c30);
            c31 = S.MultiplyAdd(a3, b1, c31);
            var a4 = S.Create(a[4]);
            c40 = S.MultiplyAdd(a4, b0, c40);
            c41 = S.MultiplyAdd(a4, b1, c41);
            var a5 = S.Create(a[5]);
            c50 = S.MultiplyAdd(a5, b0, c50);
            c51 = S.MultiplyAdd(a5, b1, c51);
            var a6 = S.Create(a[6]);
            c60 = S.MultiplyAdd(a6, b0, c60);
            c61 = S.MultiplyAdd(a6, b1, c61);
            var a7 = S.Create(a[7]);
            c70 = S.MultiplyAdd(a7, b0, c70);
            c71 = S.MultiplyAdd(a7, b1, c71);
            var a8 = S.Create(a[8]);
            c80 = S.MultiplyAdd(a8, b0, c80);
            c81 = S.MultiplyAdd(a8, b1, c81);
            var a9 = S.Create(a[9]);
            c90 = S.MultiplyAdd(a9, b0, c90);
            c91 = S.MultiplyAdd(a9, b1, c91);
            var a10 = S.Create(a[10]);
            c100 = S.MultiplyAdd(a10, b0, c100);
            c101 = S.MultiplyAdd(a10, b1, c101);
            var a11 = S.Create(a[11]);
            c110 = S.MultiplyAdd(a11, b0, c110);
            c111 = S.MultiplyAdd(a11, b1, c111);
            a += 12;
            b += 2 * S.Count;
        }
        S.Store(c, c00);
        S.Store(c + S.Count, c01);
        c += cStride;
        S.Store(c, c10);
        S.Store(c + S.Count, c11);
        c += cStride;
        S.Store(c, c20);
        S.Store(c + S.Count, c21);
        c += cStride;
        S.Store(c, c30);
        S.Store(c + S.Count, c31);
        c += cStride;
        S.Store(c, c40);
        S.Store(c + S.Count, c41);
        c += cStride;
        S.Store(c, c50);
        S.Store(c + S.Count, c51);
        c += cStride;
        S.Store(c, c60);
        S.Store(c + S.Count, c61);
        c += cStride;
        S.Store(c, c70);
        S.Store(c + S.Count, c71);
        c += cStride;
        S.Store(c, c80);
        S.Store(c + S.Count, c81);
        c += cStride;
        S.Store(c, c90);
        S.Store(c + S.Count, c91);
        c += cStride;
        S.Store(c, c100);
        S.Store(c + S.Count, c101);
        c += cStride;
        S.Store(c, c110);
        S.Store(c + S.Count, c111);
    }
}

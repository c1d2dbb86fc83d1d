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
        V c00 = S.Zero, c01 = S.Zero;
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
        Finish<S, V>(c, c00, c01, start, bias);
    }

    /// <summary>A tile of 6 rows by two registers: 12 accumulators, two registers of B and one broadcast of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile6<S, V>(int depth, float* a, float* b, float* c, int cStride, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
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
        Finish<S, V>(c, c00, c01, start, bias);
        c += cStride;
        Finish<S, V>(c, c10, c11, start, bias);
        c += cStride;
        Finish<S, V>(c, c20, c21, start, bias);
        c += cStride;
        Finish<S, V>(c, c30, c31, start, bias);
        c += cStride;
        Finish<S, V>(c, c40, c41, start, bias);
        c += cStride;
        Finish<S, V>(c, c50, c51, start, bias);
    }

    /// <summary>A tile of 12 rows by two registers: 24 accumulators, two registers of B and one broadcast of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12<S, V>(int depth, float* a, float* b, float* c, int cStride, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        V c00 = S.Zero, c01 = S.Zero;
        V c10 = S.Zero, c11 = S.Zero;
        V c20 = S.Zero, c21 = S.Zero;
        V c30 = S.Zero, c31 = S.Zero;
        V c40 = S.Zero, c41 = S.Zero;
        V c50 = S.Zero, c51 = S.Zero;
        V c60 = S.Zero, c61 = S.Zero;
        V c70 = S.Zero, c71 = S.Zero;
        V c80 = S.Zero, c81 = S.Zero;
        V c90 = S.Zero, c91 = S.Zero;
        V c100 = S.Zero, c101 = S.Zero;
        V c110 = S.Zero, c111 = S.Zero;
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
        Finish<S, V>(c, c00, c01, start, bias);
        c += cStride;
        Finish<S, V>(c, c10, c11, start, bias);
        c += cStride;
        Finish<S, V>(c, c20, c21, start, bias);
        c += cStride;
        Finish<S, V>(c, c30, c31, start, bias);
        c += cStride;
        Finish<S, V>(c, c40, c41, start, bias);
        c += cStride;
        Finish<S, V>(c, c50, c51, start, bias);
        c += cStride;
        Finish<S, V>(c, c60, c61, start, bias);
        c += cStride;
        Finish<S, V>(c, c70, c71, start, bias);
        c += cStride;
        Finish<S, V>(c, c80, c81, start, bias);
        c += cStride;
        Finish<S, V>(c, c90, c91, start, bias);
        c += cStride;
        Finish<S, V>(c, c100, c101, start, bias);
        c += cStride;
        Finish<S, V>(c, c110, c111, start, bias);
    }

    /// <summary>
    /// Stores a row of a tile, on top of what it starts from. That comes last: the sum of a slab is then not swallowed digit
    /// by digit by a large C, and C has arrived from memory meanwhile.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<S, V>(float* c, V c0, V c1, GemmStart start, float* bias)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (start != GemmStart.Zero)
        {
            var from = start == GemmStart.Bias ? bias : c;
            c0 = S.Add(S.Load(from), c0);
            c1 = S.Add(S.Load(from + S.Count), c1);
        }
        S.Store(c, c0);
        S.Store(c + S.Count, c1);
    }
}

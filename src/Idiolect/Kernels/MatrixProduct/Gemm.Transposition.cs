using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>
/// Packing with transposition: in blocks of 16 x 16 where registers hold 16 floats, since at their speed of multiplication blocks of 4 x 4 would
/// take too long; in those elsewhere.
/// </summary>
internal static unsafe partial class Gemm
{
    /// <summary>The upper halves of 32 floats, in order: of those that are rounded, their bfloat16.</summary>
    private static readonly Vector512<ushort> UpperHalves = Vector512.Create(
        (ushort)1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);

    /// <summary>The 16 elements of 4 bytes that a transposition reads as one of its lines.</summary>
    private interface ILine
    {
        /// <summary>Lines of memory that these come from.</summary>
        static abstract int Lines { get; }

        /// <summary>Floats of a line of memory that these come from.</summary>
        static abstract int Length { get; }

        /// <summary>Reads them, and asks for those that lie <paramref name="ahead"/> floats on.</summary>
        static abstract Vector512<float> Load(float* source, long stride, long ahead);
    }

    /// <summary>From 16 floats, or, where an element holds two, 32.</summary>
    private readonly struct AlongLine<E> : ILine
        where E : struct, IPanelElement
    {
        public static int Lines => 1;

        public static int Length => 16 * E.Depth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(float* source, long stride, long ahead)
        {
            Sse.Prefetch0(source + ahead);
            if (E.Depth == 2)
            {
                Sse.Prefetch0(source + 16 + ahead);
            }
            var first = Vector512.Load(source);
            return E.Depth == 1 ? E.Make<SimdVector512, Vector512<float>>(first, Vector512<float>.Zero)
                : Avx512BW.PermuteVar32x16x2(
                    SimdVector512.RoundToBFloat16(first).AsUInt16(), UpperHalves, SimdVector512.RoundToBFloat16(Vector512.Load(source + 16)).AsUInt16()).AsSingle();
        }
    }

    /// <summary>From 16 floats and those below them.</summary>
    private readonly struct PairsOfLines : ILine
    {
        public static int Lines => 2;

        public static int Length => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(float* source, long stride, long ahead)
        {
            Sse.Prefetch0(source + ahead);
            Sse.Prefetch0(source + stride + ahead);
            return SimdVector512.PackBFloat16(Vector512.Load(source), Vector512.Load(source + stride));
        }
    }

    /// <summary>Writes a panel (depth, width) from lines of length <paramref name="depth"/>, in blocks of 16 x 16.</summary>
    /// <param name="source">The first line.</param>
    /// <param name="stride">Floats between lines.</param>
    /// <param name="width">The width of the panel: 12 or a multiple of 16.</param>
    /// <param name="valid">Lines that there are; the panel has zeros for the others.</param>
    /// <param name="depth">Floats of a line.</param>
    /// <param name="panel">The destination, of which nothing is written beyond (depth, width).</param>
    private static void PackTransposed16<E>(float* source, int stride, int width, int valid, int depth, float* panel)
        where E : struct, IPanelElement
    {
        var blockDepth = 16 * E.Depth;
        for (var line = 0; line < width; line += 16)
        {
            var lines = Math.Min(16, width - line);
            var from = source + ((long)line * stride);
            var to = panel + line;
            var whole = valid - line >= lines ? depth / blockDepth : 0;
            // Of A the next panel's lines, for the kernel has not fetched all of them; of B it has.
            TransposeBlocks<AlongLine<E>>(from, stride, ahead: lines == 12 ? 12L * stride : 0, lines == 12, whole, to, width);
            for (var p = whole * blockDepth; p < depth; p += blockDepth)
            {
                TransposeEdge<E>(from + p, stride, lines, Math.Clamp(valid - line, 0, lines), Math.Min(blockDepth, depth - p), to + ((long)p / E.Depth * width), width);
            }
        }
    }

    /// <summary>A block of which lines or inner indices are missing: completed with zeros on the stack.</summary>
    private static void TransposeEdge<E>(float* source, int stride, int lines, int valid, int depth, float* destination, int width)
        where E : struct, IPanelElement
    {
        const int Line = 32;
        var before = stackalloc float[16 * Line];
        var after = stackalloc float[16 * 16];
        new Span<float>(before, 16 * Line).Clear();
        for (var i = 0; i < valid; i++)
        {
            new ReadOnlySpan<float>(source + ((long)i * stride), depth).CopyTo(new Span<float>(before + (i * Line), depth));
        }
        TransposeBlocks<AlongLine<E>>(before, Line, ahead: 0, twelve: false, 1, after, 16);
        for (var i = 0; i < CeilingDivide(depth, E.Depth); i++)
        {
            new ReadOnlySpan<float>(after + (i * 16), lines).CopyTo(new Span<float>(destination + (i * width), lines));
        }
    }

    /// <summary>
    /// Blocks beside each other of 16 lines, or 12, by 16 elements of 4 bytes. Pairs of lines, then fours of lines are
    /// transposed within each 128 bits of a register, and these exchanged between registers: 64 shuffles a block.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeBlocks<L>(float* source, long stride, long ahead, bool twelve, int blocks, float* destination, int width)
        where L : struct, ILine
    {
        var four = 4 * L.Lines * stride;
        for (; blocks > 0; blocks--)
        {
            Lanes<L>(source, stride, ahead, out var a0, out var a1, out var a2, out var a3);
            Lanes<L>(source + four, stride, ahead, out var b0, out var b1, out var b2, out var b3);
            Lanes<L>(source + (2 * four), stride, ahead, out var c0, out var c1, out var c2, out var c3);
            if (twelve)
            {
                // Twelve elements a line: four lines are three registers, of four quarters each.
                StoreColumns(a0, b0, c0, a1, destination, width);
                StoreColumns(b1, c1, a2, b2, destination + 16, width);
                StoreColumns(c2, a3, b3, c3, destination + 32, width);
            }
            else
            {
                Lanes<L>(source + (3 * four), stride, ahead, out var d0, out var d1, out var d2, out var d3);
                StoreColumns(a0, b0, c0, d0, destination, width);
                StoreColumns(a1, b1, c1, d1, destination + width, width);
                StoreColumns(a2, b2, c2, d2, destination + (2 * width), width);
                StoreColumns(a3, b3, c3, d3, destination + (3 * width), width);
            }
            source += L.Length;
            destination += 16 * width;
        }
    }

    /// <summary>Of four lines, columns 0, 4, 8 and 12 in the lanes of the first result, 1, 5, 9 and 13 in those of the second, and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lanes<L>(
        float* source, long stride, long ahead, out Vector512<float> c0, out Vector512<float> c1, out Vector512<float> c2, out Vector512<float> c3)
        where L : struct, ILine
    {
        var r0 = L.Load(source, stride, ahead);
        var r1 = L.Load(source + (L.Lines * stride), stride, ahead);
        var r2 = L.Load(source + (2 * L.Lines * stride), stride, ahead);
        var r3 = L.Load(source + (3 * L.Lines * stride), stride, ahead);
        var low01 = Avx512F.UnpackLow(r0, r1).AsDouble();
        var low23 = Avx512F.UnpackLow(r2, r3).AsDouble();
        var high01 = Avx512F.UnpackHigh(r0, r1).AsDouble();
        var high23 = Avx512F.UnpackHigh(r2, r3).AsDouble();
        c0 = Avx512F.UnpackLow(low01, low23).AsSingle();
        c1 = Avx512F.UnpackHigh(low01, low23).AsSingle();
        c2 = Avx512F.UnpackLow(high01, high23).AsSingle();
        c3 = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    /// <summary>Stores the lanes of four registers: of 16 lines' columns 0, 4, 8 and 12, say.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumns(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* destination, int width)
    {
        var abEven = Avx512F.Shuffle4x128(a, b, 0b10_00_10_00); // lanes 0 and 2 of each
        var abOdd = Avx512F.Shuffle4x128(a, b, 0b11_01_11_01);
        var cdEven = Avx512F.Shuffle4x128(c, d, 0b10_00_10_00);
        var cdOdd = Avx512F.Shuffle4x128(c, d, 0b11_01_11_01);
        Vector512.Store(Avx512F.Shuffle4x128(abEven, cdEven, 0b10_00_10_00), destination);
        Vector512.Store(Avx512F.Shuffle4x128(abOdd, cdOdd, 0b10_00_10_00), destination + (4 * width));
        Vector512.Store(Avx512F.Shuffle4x128(abEven, cdEven, 0b11_01_11_01), destination + (8 * width));
        Vector512.Store(Avx512F.Shuffle4x128(abOdd, cdOdd, 0b11_01_11_01), destination + (12 * width));
    }

    /// <summary>Transposes lines of length <paramref name="depth"/> in blocks of 4 x 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTransposed(float* source, int stride, int width, int valid, int depth, float* panel)
    {
        var line = 0;
        for (; line + 4 <= valid; line += 4)
        {
            var s0 = source + ((long)line * stride);
            var s1 = s0 + stride;
            var s2 = s1 + stride;
            var s3 = s2 + stride;
            var d = panel + line;
            var p = 0;
            for (; p + 4 <= depth; p += 4)
            {
                if (Sse.IsSupported && p % 16 == 0)
                {
                    // The next four lines: these streams are too short for the hardware to foresee.
                    Sse.Prefetch0(s3 + stride + p);
                    Sse.Prefetch0(s3 + (2L * stride) + p);
                    Sse.Prefetch0(s3 + (3L * stride) + p);
                    Sse.Prefetch0(s3 + (4L * stride) + p);
                }
                Transpose4(Vector128.Load(s0 + p), Vector128.Load(s1 + p), Vector128.Load(s2 + p), Vector128.Load(s3 + p), d, width);
                d += 4 * width;
            }
            for (; p < depth; p++)
            {
                d[0] = s0[p];
                d[1] = s1[p];
                d[2] = s2[p];
                d[3] = s3[p];
                d += width;
            }
        }
        for (; line + 2 <= valid; line += 2)
        {
            var s0 = source + ((long)line * stride);
            var s1 = s0 + stride;
            var d = panel + line;
            var p = 0;
            for (; p + 4 <= depth; p += 4)
            {
                // Pairs (s0[p], s1[p]) as doubles: two stores of 8 bytes from each register.
                var (first, second) = (Vector128.Load(s0 + p), Vector128.Load(s1 + p));
                var (low, high) = (Transposition.ZipLow(first, second).AsDouble(), Transposition.ZipHigh(first, second).AsDouble());
                *(double*)d = low.ToScalar();
                *(double*)(d + width) = low.GetElement(1);
                *(double*)(d + (2 * width)) = high.ToScalar();
                *(double*)(d + (3 * width)) = high.GetElement(1);
                d += 4 * width;
            }
            for (; p < depth; p++)
            {
                d[0] = s0[p];
                d[1] = s1[p];
                d += width;
            }
        }
        for (; line < valid; line++)
        {
            var s0 = source + ((long)line * stride);
            for (var p = 0; p < depth; p++)
            {
                panel[(p * width) + line] = s0[p];
            }
        }
    }

    /// <summary>Stores the columns of the 4 x 4 block with rows r0 to r3, one every <paramref name="stride"/> floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(
        Vector128<float> r0, Vector128<float> r1, Vector128<float> r2, Vector128<float> r3, float* destination, int stride)
    {
        var (c0, c1, c2, c3) = Transposition.Columns(r0, r1, r2, r3);
        Vector128.Store(c0, destination);
        Vector128.Store(c1, destination + stride);
        Vector128.Store(c2, destination + (2 * stride));
        Vector128.Store(c3, destination + (3 * stride));
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>Packing: copies a slab of an operand into panels whose elements lie in the order in which a micro-kernel reads them.</summary>
internal static unsafe partial class Gemm
{
    /// <summary>How the elements of a panel are kept.</summary>
    internal enum PanelFormat
    {
        Float32,

        /// <summary>Floats that are bfloat16 values, for processors without instructions for those.</summary>
        RoundedFloat32,

        /// <summary>(depth / 2, width, 2) bfloat16 in the first half of the panel's memory.</summary>
        BFloat16Pairs,
    }

    /// <summary>Packs all of an operand: a part is a group of panels.</summary>
    private struct PackJob : IJob
    {
        private const int Group = 4;

        internal MatrixView Source; // (Lines, Depth) or (Depth, Lines)
        internal bool AlongDepth; // whether memory runs along the depth
        internal float* Panels; // (panels, Depth, Width), each PanelStride long
        internal int PanelStride;
        internal int Width;
        internal int Lines;
        internal int Depth;
        internal PanelFormat Format;

        internal readonly int Parts => CeilingDivide(Lines, Group * Width);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var line = part * Group * Width;
            var source = new MatrixView(Source.Data + (AlongDepth ? (long)line * Source.Stride : line), Source.Stride);
            PackPanels<S, V>(
                source, AlongDepth, Width, Math.Min(Group * Width, Lines - line), Lines - line, Depth, Panels + ((long)part * Group * PanelStride),
                PanelStride, Format);
        }
    }

    /// <summary>Writes panels (depth, panel width) from <paramref name="lines"/> lines of an operand, zero beyond them.</summary>
    /// <param name="source">Where the first panel begins.</param>
    /// <param name="alongDepth">Whether memory runs along the depth (a transposition) or along the panel's width (a copy).</param>
    /// <param name="width">The width of a panel.</param>
    /// <param name="lines">Lines of the operand that the panels hold.</param>
    /// <param name="available">Lines of the operand from here on: as many may be read.</param>
    /// <param name="depth">Inner indices.</param>
    /// <param name="panels">The destination.</param>
    /// <param name="panelStride">Floats from one panel to the next; where they are more than a panel has, they may be overwritten.</param>
    /// <param name="format">How elements are kept.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackPanels<S, V>(
        MatrixView source, bool alongDepth, int width, int lines, int available, int depth, float* panels, int panelStride, PanelFormat format)
        where S : struct, ISimd<V>
        where V : struct
    {
        const int Group = 16; // panels side by side, of which a line is copied at once: memory is read in long runs
        for (var line = 0; line < lines; line += Group * width)
        {
            var group = panels + ((long)(line / width) * panelStride);
            var count = Math.Min(Group * width, lines - line);
            if (alongDepth)
            {
                for (var i = 0; i < count; i += width)
                {
                    PackTransposed(
                        source.Data + ((long)(line + i) * source.Stride), source.Stride, width, Math.Min(width, count - i), depth,
                        group + ((long)(i / width) * panelStride));
                }
            }
            else
            {
                PackCopy<S, V>(source.Data + line, source.Stride, width, count, available - line, depth, group, panelStride);
            }
            for (var i = 0; format != PanelFormat.Float32 && i < count; i += width)
            {
                RoundPanel<S, V>(group + ((long)(i / width) * panelStride), width, depth, format);
            }
        }
    }

    /// <summary>Panels whose width runs along memory: lines of all of them are copied together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackCopy<S, V>(float* source, int stride, int width, int lines, int available, int depth, float* panels, int panelStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        const int PrefetchLines = 4;
        var whole = lines / width;
        if (lines % width != 0)
        {
            new Span<float>(panels + ((long)whole * panelStride), width * depth).Clear();
        }
        // A line of 6 is copied as 8: what is too much is overwritten by the next line, or falls into the padding.
        var registers = CeilingDivide(width, S.Count);
        var surplus = (registers * S.Count) - width;
        var fast = panelStride - (width * depth) >= surplus ? Math.Min(whole, (available - surplus) / width) : 0;
        for (var p = 0; p < depth; p++)
        {
            var from = source + ((long)p * stride);
            var to = panels + (p * width);
            for (var line = 0; Sse.IsSupported && line < lines; line += 16)
            {
                Sse.Prefetch0(from + (PrefetchLines * (long)stride) + line); // the next lines are too far away for the hardware to foresee
            }
            for (var panel = 0; panel < fast; panel++)
            {
                for (var register = 0; register < registers; register++)
                {
                    S.Store(to + (register * S.Count), S.Load(from + (register * S.Count)));
                }
                from += width;
                to += panelStride;
            }
            for (var line = fast * width; line < lines; line += width)
            {
                CopyLine<S, V>(from, to, Math.Min(width, lines - line));
                from += width;
                to += panelStride;
            }
        }
    }

    /// <summary>Rounds a packed panel to bfloat16, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundPanel<S, V>(float* panel, int width, int depth, PanelFormat format)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (format == PanelFormat.RoundedFloat32)
        {
            var (count, i) = (width * depth, 0);
            for (; i + S.Count <= count; i += S.Count)
            {
                S.Store(panel + i, S.RoundToBFloat16(S.Load(panel + i)));
            }
            S.StorePartial(panel + i, S.RoundToBFloat16(S.LoadPartial(panel + i, count - i)), count - i);
            return;
        }
        // What is written lies before what is still to be read; the last registers of a line are read before the line is written.
        for (var p = 0; p < depth; p += 2)
        {
            var even = panel + (p * width);
            var odd = even + width;
            var to = panel + (p / 2 * width);
            for (var i = 0; i < width; i += S.Count)
            {
                var count = Math.Min(S.Count, width - i);
                S.StorePartial(
                    to + i, S.PackBFloat16(S.LoadPartial(even + i, count), p + 1 < depth ? S.LoadPartial(odd + i, count) : S.Zero), count);
            }
        }
    }

    /// <summary>Copies some floats with the widest registers that fit: 6 are four and two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLine<S, V>(float* source, float* destination, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        var i = 0;
        for (; i + S.Count <= count; i += S.Count)
        {
            S.Store(destination + i, S.Load(source + i));
        }
        for (; i + 4 <= count; i += 4)
        {
            Vector128.Store(Vector128.Load(source + i), destination + i);
        }
        if (i + 2 <= count)
        {
            *(double*)(destination + i) = *(double*)(source + i);
            i += 2;
        }
        if (i < count)
        {
            destination[i] = source[i];
        }
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
                var (low, high) = (ZipLow(first, second).AsDouble(), ZipHigh(first, second).AsDouble());
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
        var low01 = ZipLow(r0, r1); // r0[0] r1[0] r0[1] r1[1]
        var low23 = ZipLow(r2, r3);
        var high01 = ZipHigh(r0, r1); // r0[2] r1[2] r0[3] r1[3]
        var high23 = ZipHigh(r2, r3);
        Vector128.Store(ZipLow(low01.AsDouble(), low23.AsDouble()).AsSingle(), destination);
        Vector128.Store(ZipHigh(low01.AsDouble(), low23.AsDouble()).AsSingle(), destination + stride);
        Vector128.Store(ZipLow(high01.AsDouble(), high23.AsDouble()).AsSingle(), destination + (2 * stride));
        Vector128.Store(ZipHigh(high01.AsDouble(), high23.AsDouble()).AsSingle(), destination + (3 * stride));
    }

    // The portable forms of the next four go through memory or scalars, which would make packing slower than multiplying.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipLow(Vector128<float> a, Vector128<float> b)
        => Sse.IsSupported ? Sse.UnpackLow(a, b)
            : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
            : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> ZipHigh(Vector128<float> a, Vector128<float> b)
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

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>Packing: copies a slab of an operand into panels whose elements lie in the order in which a micro-kernel reads them.</summary>
internal static unsafe partial class Gemm
{
    /// <summary>Packs one slab of both operands: the first parts are groups of B's panels, the rest groups of A's.</summary>
    private struct PackJob : IJob
    {
        /// <summary>Panels in a part: neighbours share cache lines where memory runs along the panel's width.</summary>
        private const int Group = 4;

        internal MatrixView A; // (rows, depth)
        internal float* APanels; // (panels, depth, panel rows)
        internal MatrixView B; // (depth, columns)
        internal float* BPanels; // (panels, depth, panel columns)
        internal long BPanelStride;
        internal int Rows;
        internal int Columns;
        internal int Depth;

        internal readonly int Parts(int panelRows, int panelColumns)
            => CeilingDivide(Columns, Group * panelColumns) + CeilingDivide(Rows, Group * panelRows);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var panelColumns = 2 * S.Count;
            var bParts = CeilingDivide(Columns, Group * panelColumns);
            if (part < bParts)
            {
                var column = part * Group * panelColumns;
                PackPanels<S, V>(
                    Offset(B, 0, column), B.Transposed, panelColumns, Math.Min(Group * panelColumns, Columns - column), Depth,
                    BPanels + (part * Group * BPanelStride), BPanelStride);
            }
            else
            {
                var panelRows = S.Count == 16 ? 12 : 6;
                var row = (part - bParts) * Group * panelRows;
                PackPanels<S, V>(
                    Offset(A, row, 0), !A.Transposed, panelRows, Math.Min(Group * panelRows, Rows - row), Depth,
                    APanels + ((long)row * Depth), (long)panelRows * Depth);
            }
        }
    }

    /// <summary>Writes panels (depth, panel width) from <paramref name="lines"/> lines of an operand, zero beyond them.</summary>
    /// <param name="source">Where the first panel begins.</param>
    /// <param name="alongDepth">Whether memory runs along the depth (a transposition) or along the panel's width (a copy).</param>
    /// <param name="width">The width of a panel.</param>
    /// <param name="lines">Lines of the operand that the panels hold.</param>
    /// <param name="depth">Inner indices.</param>
    /// <param name="panels">The destination.</param>
    /// <param name="panelStride">Floats from one panel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackPanels<S, V>(
        MatrixView source, bool alongDepth, int width, int lines, int depth, float* panels, long panelStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        var last = (lines - 1) / width;
        if (lines % width != 0)
        {
            new Span<float>(panels + (last * panelStride), width * depth).Clear();
        }
        if (alongDepth)
        {
            for (var panel = 0; panel <= last; panel++)
            {
                PackTransposed(
                    source.Data + ((long)panel * width * source.Stride), source.Stride, width, Math.Min(width, lines - (panel * width)), depth,
                    panels + (panel * panelStride));
            }
            return;
        }
        for (var p = 0; p < depth; p++)
        {
            for (var panel = 0; panel <= last; panel++)
            {
                CopyLine<S, V>(
                    source.Data + ((long)p * source.Stride) + (panel * width), panels + (panel * panelStride) + (p * width),
                    Math.Min(width, lines - (panel * width)));
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

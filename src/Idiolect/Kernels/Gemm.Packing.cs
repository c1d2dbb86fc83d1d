using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>Packing: copies a slab of an operand into panels whose elements lie in the order in which a micro-kernel reads them.</summary>
internal static unsafe partial class Gemm
{
    /// <summary>Packs one slab of both operands: the first parts are panels of B, the rest panels of A.</summary>
    private struct PackJob : IJob
    {
        internal MatrixView A; // (rows, depth)
        internal float* APanels; // (panels, depth, panel rows)
        internal MatrixView B; // (depth, columns)
        internal float* BPanels; // (panels, depth, panel columns)
        internal long BPanelStride;
        internal int Rows;
        internal int Columns;
        internal int Depth;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var panelColumns = 2 * S.Count;
            var bPanels = CeilingDivide(Columns, panelColumns);
            if (part < bPanels)
            {
                var column = part * panelColumns;
                PackPanel<S, V>(
                    Offset(B, 0, column), B.Transposed, panelColumns, Math.Min(panelColumns, Columns - column), Depth,
                    BPanels + (part * BPanelStride));
            }
            else
            {
                var panelRows = S.Count == 16 ? 12 : 6;
                var row = (part - bPanels) * panelRows;
                PackPanel<S, V>(
                    Offset(A, row, 0), !A.Transposed, panelRows, Math.Min(panelRows, Rows - row), Depth,
                    APanels + ((long)row * Depth));
            }
        }
    }

    /// <summary>
    /// Writes one panel (depth, panel width) from <paramref name="valid"/> lines of an operand, zero beyond them.
    /// </summary>
    /// <param name="source">Where the panel begins.</param>
    /// <param name="alongDepth">Whether memory runs along the depth (a transposition) or along the panel's width (a copy).</param>
    /// <param name="width">The panel's width.</param>
    /// <param name="valid">How many of its lines exist.</param>
    /// <param name="depth">Inner indices.</param>
    /// <param name="panel">The destination.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackPanel<S, V>(MatrixView source, bool alongDepth, int width, int valid, int depth, float* panel)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (valid < width)
        {
            new Span<float>(panel, width * depth).Clear();
        }
        if (alongDepth)
        {
            PackTransposed(source.Data, source.Stride, width, valid, depth, panel);
            return;
        }
        var data = source.Data;
        for (var p = 0; p < depth; p++)
        {
            var i = 0;
            for (; i + S.Count <= valid; i += S.Count)
            {
                S.Store(panel + i, S.Load(data + i));
            }
            for (; i < valid; i++)
            {
                panel[i] = data[i];
            }
            panel += width;
            data += source.Stride;
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
            for (var p = 0; p < depth; p++)
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

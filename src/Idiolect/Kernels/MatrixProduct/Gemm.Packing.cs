using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static Idiolect.Kernels.Rounding;

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

        /// <summary>The same for B, with zeros up to a whole block of inner indices; A as <see cref="PackTiles"/> writes it.</summary>
        BFloat16Tiles,

        /// <summary>(depth / 2, width, 2) int16 and after them (width) floats, by which they are to be multiplied: <see cref="ScalePanel"/>.</summary>
        ScaledInt16Pairs,
    }

    /// <summary>Inner indices in 4 bytes of a panel: a step.</summary>
    private static int StepDepth(PanelFormat format) => format is PanelFormat.Float32 or PanelFormat.RoundedFloat32 ? 1 : 2;

    /// <summary>Panels hold a multiple of so many inner indices; those that there are not are zero.</summary>
    private static int DepthMultiple(PanelFormat format) => format == PanelFormat.BFloat16Tiles ? TileDepth : StepDepth(format);

    /// <summary>A <see cref="PanelFormat"/> as a type, so that each has packing code of its own.</summary>
    private interface IPanelElement
    {
        /// <summary>Inner indices that lie in 4 bytes: 1 or 2.</summary>
        static abstract int Depth { get; }

        /// <summary>The elements of one inner index, or of it and the next.</summary>
        static abstract V Make<S, V>(V even, V odd)
            where S : struct, ISimd<V>
            where V : struct;
    }

    private readonly struct Float32Element : IPanelElement
    {
        public static int Depth => 1;

        public static V Make<S, V>(V even, V odd)
            where S : struct, ISimd<V>
            where V : struct
            => even;
    }

    private readonly struct RoundedElement : IPanelElement
    {
        public static int Depth => 1;

        public static V Make<S, V>(V even, V odd)
            where S : struct, ISimd<V>
            where V : struct
            => S.RoundToBFloat16(even);
    }

    private readonly struct PairElement : IPanelElement
    {
        public static int Depth => 2;

        public static V Make<S, V>(V even, V odd)
            where S : struct, ISimd<V>
            where V : struct
            => S.PackBFloat16(even, odd);
    }

    /// <summary>Packs all of an operand: a part is a group of panels.</summary>
    private struct PackJob : IJob
    {
        internal MatrixView Source; // (Lines, Depth) or (Depth, Lines)
        internal bool AlongDepth; // whether memory runs along the depth
        internal float* Panels; // (panels, Depth, Width), each PanelStride long
        internal int PanelStride;
        internal int Width;
        internal int Lines;
        internal int Depth;

        // Many panels where memory runs along them: it is read in long runs.
        private readonly int Group => AlongDepth ? 4 : 16;

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
                PanelStride, PanelFormat.Float32);
        }
    }

    /// <summary>Writes panels (depth, panel width) from <paramref name="lines"/> lines of an operand; what lies beyond them in a panel means nothing.</summary>
    /// <param name="source">Where the first panel begins.</param>
    /// <param name="alongDepth">Whether memory runs along the depth (a transposition) or along the panel's width (a copy).</param>
    /// <param name="width">The width of a panel.</param>
    /// <param name="lines">Lines of the operand that the panels hold.</param>
    /// <param name="available">Lines of the operand from here on: as many may be read.</param>
    /// <param name="depth">Inner indices.</param>
    /// <param name="panels">The destination.</param>
    /// <param name="panelStride">Floats from one panel to the next; where they are more than a panel has, they may be overwritten.</param>
    /// <param name="format">How elements are kept.</param>
    internal static void PackPanels<S, V>(
        MatrixView source, bool alongDepth, int width, int lines, int available, int depth, float* panels, int panelStride, PanelFormat format)
        where S : struct, ISimd<V>
        where V : struct
    {
        switch (format)
        {
            case PanelFormat.Float32:
                PackPanels<S, V, Float32Element>(source, alongDepth, width, lines, available, depth, panels, panelStride);
                break;
            case PanelFormat.RoundedFloat32:
                PackPanels<S, V, RoundedElement>(source, alongDepth, width, lines, available, depth, panels, panelStride);
                break;
            case PanelFormat.BFloat16Pairs:
                PackPanels<S, V, PairElement>(source, alongDepth, width, lines, available, depth, panels, panelStride);
                break;
            case PanelFormat.ScaledInt16Pairs:
                PackScaled<S, V>(source, alongDepth, width, lines, available, depth, panels, panelStride);
                break;
            default:
                PackPanels<S, V, PairElement>(source, alongDepth, width, lines, available, depth, panels, panelStride);
                var (written, whole) = (CeilingDivide(depth, 2) * width, RoundUp(depth, TileDepth) / 2 * width);
                for (var line = 0; line < lines; line += width)
                {
                    new Span<float>(panels + ((long)line / width * panelStride) + written, whole - written).Clear();
                }
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackPanels<S, V, E>(
        MatrixView source, bool alongDepth, int width, int lines, int available, int depth, float* panels, int panelStride)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
    {
        const int Group = 16; // panels side by side, of which a line is copied at once: memory is read in long runs
        for (var line = 0; line < lines; line += Group * width)
        {
            var group = panels + ((long)(line / width) * panelStride);
            var count = Math.Min(Group * width, lines - line);
            if (!alongDepth)
            {
                PackCopy<S, V, E>(source.Data + line, source.Stride, width, count, available - line, depth, group, panelStride);
                continue;
            }
            for (var i = 0; i < count; i += width)
            {
                var from = source.Data + ((long)(line + i) * source.Stride);
                var to = group + ((long)(i / width) * panelStride);
                var valid = Math.Min(width, count - i);
                if (S.Count == 16 && Avx512BW.IsSupported)
                {
                    PackTransposed16<E>(from, source.Stride, width, valid, depth, to);
                }
                else
                {
                    PackTransposed(from, source.Stride, width, valid, depth, to);
                    RoundPanel<S, V, E>(to, width, depth);
                }
            }
        }
    }

    private const int PrefetchLines = 24; // the next lines are too far away for the hardware to foresee

    /// <summary>Panels whose width runs along memory: lines of all of them are copied together.</summary>
    private static void PackCopy<S, V, E>(float* source, int stride, int width, int lines, int available, int depth, float* panels, int panelStride)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
    {
        // A line of 6 is copied as 8: what is too much is overwritten by the next line, or falls into the padding.
        var surplus = RoundUp(width, S.Count) - width;
        var fast = panelStride - (width * depth) >= surplus ? Math.Min(lines / width, (available - surplus) / width) : 0;
        var whole = fast > 0 ? depth / E.Depth : 0; // lines of panels for which there is everything to read
        CopyPanels<S, V, E>(source, stride, width, fast, whole, panels, panelStride);
        CopyEdges<S, V, E>(source, stride, width, fast * width, lines, 0, depth, panels, panelStride);
        CopyEdges<S, V, E>(source, stride, width, 0, fast * width, whole * E.Depth, depth, panels, panelStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyPanels<S, V, E>(float* source, long stride, int width, int panels, int lines, float* destination, long panelStride)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
    {
        var line = 0;
        if (width == 12 && S.Count == 16 && Avx512F.IsSupported)
        {
            for (; line <= lines - 4; line += 4)
            {
                CopyFourTwelves<E>(source, stride, panels, destination, panelStride);
                source += 4 * E.Depth * stride;
                destination += 4 * 12;
            }
        }
        if (panels == 1 && width == 2 * S.Count)
        {
            // A panel of B, which the kernel has fetched: to fetch it once more takes longer than to copy it.
            for (; line < lines; line++)
            {
                CopyRegister<S, V, E>(source, stride, destination);
                CopyRegister<S, V, E>(source + S.Count, stride, destination + S.Count);
                source += E.Depth * stride;
                destination += width;
            }
            return;
        }
        for (; line < lines; line++)
        {
            var (from, to) = ((nint)source, (nint)destination);
            for (var panel = 0; panel < panels; panel++)
            {
                CopyRegister<S, V, E>((float*)from, stride, (float*)to);
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0((float*)from + (PrefetchLines * stride));
                }
                for (var i = S.Count; i < width; i += S.Count)
                {
                    CopyRegister<S, V, E>((float*)from + i, stride, (float*)to + i);
                    if (Sse.IsSupported && S.Count == 16)
                    {
                        Sse.Prefetch0((float*)from + i + (PrefetchLines * stride));
                    }
                }
                from += (nint)width * sizeof(float);
                to += (nint)panelStride * sizeof(float);
            }
            source += E.Depth * stride;
            destination += width;
        }
    }

    /// <summary>Four lines of panels 12 wide as three whole cache lines: registers of 16 floats, 12 apart, would lie across two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyFourTwelves<E>(float* source, long stride, int panels, float* destination, long panelStride)
        where E : struct, IPanelElement
    {
        var (line, ahead) = (E.Depth * stride, PrefetchLines * stride);
        for (var panel = 0; panel < panels; panel++)
        {
            var first = TwelveOf<E>(source, stride, ahead);
            var second = TwelveOf<E>(source + line, stride, ahead);
            var third = TwelveOf<E>(source + (2 * line), stride, ahead);
            var fourth = TwelveOf<E>(source + (3 * line), stride, ahead);
            Vector512.Store(Avx512F.PermuteVar16x32x2(first, Vector512.Create(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19), second), destination);
            Vector512.Store(Avx512F.PermuteVar16x32x2(second, Vector512.Create(4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23), third), destination + 16);
            Vector512.Store(Avx512F.PermuteVar16x32x2(third, Vector512.Create(8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27), fourth), destination + 32);
            source += 12;
            destination += panelStride;
        }
    }

    /// <summary>Twelve elements, and four that do not count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> TwelveOf<E>(float* source, long stride, long ahead)
        where E : struct, IPanelElement
    {
        var elements = E.Make<SimdVector512, Vector512<float>>(
            Vector512.Load(source), E.Depth == 2 ? Vector512.Load(source + stride) : Vector512<float>.Zero);
        Sse.Prefetch0(source + ahead);
        if (E.Depth == 2)
        {
            Sse.Prefetch0(source + stride + ahead);
        }
        return elements;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRegister<S, V, E>(float* from, long stride, float* to)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
        => S.Store(to, E.Make<S, V>(S.Load(from), E.Depth == 2 ? S.Load(from + stride) : S.Zero));

    /// <summary>The same for lines from <paramref name="first"/> and inner indices from <paramref name="start"/> on, where whole registers cannot be read or written.</summary>
    private static void CopyEdges<S, V, E>(
        float* source, int stride, int width, int first, int lines, int start, int depth, float* panels, int panelStride)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
    {
        for (var line = first; line < lines; line += width)
        {
            for (var p = start; p < depth; p += E.Depth)
            {
                var from = source + ((long)p * stride) + line;
                var to = panels + ((long)(line / width) * panelStride) + (p / E.Depth * width);
                for (var i = 0; i < width; i += S.Count)
                {
                    var valid = Math.Clamp(lines - line - i, 0, S.Count);
                    var odd = E.Depth == 2 && p + 1 < depth ? S.LoadPartial(from + stride + i, valid) : S.Zero;
                    S.StorePartial(to + i, E.Make<S, V>(S.LoadPartial(from + i, valid), odd), Math.Min(width - i, S.Count));
                }
            }
        }
    }

    /// <summary>Makes a panel of floats one of another element, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RoundPanel<S, V, E>(float* panel, int width, int depth)
        where S : struct, ISimd<V>
        where V : struct
        where E : struct, IPanelElement
    {
        if (typeof(E) == typeof(Float32Element))
        {
            return;
        }
        // What is written lies before what is still to be read; the last registers of a line are read before the line is written.
        for (var p = 0; p < depth; p += E.Depth)
        {
            var even = panel + (p * width);
            var odd = even + width;
            var to = panel + (p / E.Depth * width);
            for (var i = 0; i < width; i += S.Count)
            {
                var count = Math.Min(S.Count, width - i);
                S.StorePartial(to + i, E.Make<S, V>(S.LoadPartial(even + i, count), p + 1 < depth ? S.LoadPartial(odd + i, count) : S.Zero), count);
            }
        }
    }
}

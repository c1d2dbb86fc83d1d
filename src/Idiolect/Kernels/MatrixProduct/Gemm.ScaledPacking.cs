using System.Diagnostics;
using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>
/// Quantisation to 16-bit integers, symmetric, with a scale for each line of a slab: for processors that multiply integers, but not bfloat16, faster than
/// float32. After Das et al. 2018, "Mixed Precision Training of Convolutional Neural Networks using Integer Operations", who have one exponent for a
/// tensor and split the sums that might overflow.
/// </summary>
/// <remarks>
/// A line's scale is its Euclidean norm over 32,000. So no sum of a line times another exceeds 32,000 x 32,000 by more than rounding adds, a
/// ten-thousandth (Cauchy and Schwarz): int32 holds it, whatever the depth, and exactly. What is lost is a rounding of each number, by at most the 64,000th part of
/// the norm: of 576 normal numbers the 2,600th part of their size. bfloat16 loses up to the 256th of each.
/// </remarks>
internal static unsafe partial class Gemm
{
    /// <summary>The norm of a line of integers, but for rounding, which may add half of the root of the depth to it.</summary>
    private const float IntegerNorm = 32_000;

    /// <summary>Where each of four sums of a line's squares begins, so that none are lost below what a float holds: no norm is below 1e-18.</summary>
    private const float LeastSquare = 1e-36f / 4;

    /// <summary>In a sum with it, the lowest bits of a float are those of the nearest integer, in two's complement.</summary>
    private const float ToInteger = 1.5f * (1 << 23);

    /// <summary>Writes panels as <see cref="PackPanels{S, V}"/> does, first of floats, then of integers: as many at a time as are read together.</summary>
    private static void PackScaled<S, V>(MatrixView source, bool alongDepth, int width, int lines, int available, int depth, float* panels, int panelStride)
        where S : struct, ISimd<V>
        where V : struct
    {
        var group = (alongDepth ? 1 : 16) * width;
        for (var line = 0; line < lines; line += group)
        {
            var count = Math.Min(group, lines - line);
            var to = panels + ((long)line / width * panelStride);
            if (alongDepth && count < width)
            {
                new Span<float>(to, width * depth).Clear(); // what nothing is written to might be slow numbers: denormal ones
            }
            var from = new MatrixView(source.Data + (alongDepth ? (long)line * source.Stride : line), source.Stride);
            PackPanels<S, V, Float32Element>(from, alongDepth, width, count, available - line, depth, to, panelStride);
            for (var i = 0; i < count; i += width)
            {
                ScalePanel<S, V>(to, width, depth);
                to += panelStride;
            }
        }
    }

    /// <summary>
    /// Makes integers and scales of a panel of floats (depth, width), in place: (depth / 2, width, 2) int16, then (width) floats. The panel has room
    /// for an even number of inner indices, and for a register more. Its width is a multiple of a register's or, as A's is, less than that:
    /// what a register holds beyond a line is then overwritten by the next.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScalePanel<S, V>(float* panel, int width, int depth)
        where S : struct, ISimd<V>
        where V : struct
    {
        Debug.Assert(width % S.Count == 0 || width < S.Count);
        var scales = panel + (CeilingDivide(depth, 2) * width);
        for (var column = 0; column < width; column += S.Count)
        {
            var norm = S.Sqrt(SumOfSquares<S, V>(panel + column, width, depth));
            // Where a line has a NaN, an infinity or too large a norm, its scale is no number either, and so is no product of it, whatever its integers are.
            PairIntegers<S, V>(panel + column, width, depth, S.Divide(S.Create(IntegerNorm), norm));
            S.Store(scales + column, S.Multiply(norm, S.Create(1 / IntegerNorm)));
        }
    }

    /// <summary>Of as many columns as a register holds: each its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SumOfSquares<S, V>(float* column, nint width, int depth)
        where S : struct, ISimd<V>
        where V : struct
    {
        var s0 = S.Create(LeastSquare);
        V s1 = s0, s2 = s0, s3 = s0; // four at a time, for a multiply-add waits for the last one
        var p = 0;
        for (; p <= depth - 4; p += 4)
        {
            var (v0, v1, v2, v3) = (S.Load(column), S.Load(column + width), S.Load(column + (2 * width)), S.Load(column + (3 * width)));
            s0 = S.MultiplyAdd(v0, v0, s0);
            s1 = S.MultiplyAdd(v1, v1, s1);
            s2 = S.MultiplyAdd(v2, v2, s2);
            s3 = S.MultiplyAdd(v3, v3, s3);
            column += 4 * width;
        }
        for (; p < depth; p++)
        {
            var value = S.Load(column);
            s0 = S.MultiplyAdd(value, value, s0);
            column += width;
        }
        return S.Add(S.Add(s0, s1), S.Add(s2, s3));
    }

    /// <summary>Multiplies the columns by their factors and rounds to integers; those of two inner indices lie beside each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PairIntegers<S, V>(float* column, nint width, int depth, V factors)
        where S : struct, ISimd<V>
        where V : struct
    {
        var toInteger = S.Create(ToInteger);
        var to = column; // what is written lies before what is still to be read
        for (var p = 0; p < depth - 1; p += 2)
        {
            var even = S.MultiplyAdd(S.Load(column), factors, toInteger);
            var odd = S.MultiplyAdd(S.Load(column + width), factors, toInteger);
            S.Store(to, S.PackLowHalves(even, odd));
            column += 2 * width;
            to += width;
        }
        if (depth % 2 != 0)
        {
            S.Store(to, S.PackLowHalves(S.MultiplyAdd(S.Load(column), factors, toInteger), S.Zero));
        }
    }
}

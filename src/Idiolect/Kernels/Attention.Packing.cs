using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <content>Copies of strided rows in scratch: dense, zero-padded, transposed where a product needs it.</content>
internal static unsafe partial class Attention
{
    /// <summary>destination (rows, width) = factor * source (rows, head size), zeros from head size to width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRows<S, V>(
        float* source, long sourceStride, int rows, int headSize, float* destination, int width, float factor)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (var row = 0; row < rows; row++)
        {
            PackRow<S, V>(source + (row * sourceStride), headSize, destination + ((long)row * width), width, factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRow<S, V>(float* source, int headSize, float* destination, int width, float factor)
        where S : struct, ISimd<V>
        where V : struct
    {
        var factors = S.Create(factor);
        var column = 0;
        for (; column <= headSize - S.Count; column += S.Count)
        {
            S.Store(destination + column, S.Multiply(factors, S.Load(source + column)));
        }
        for (; column < width; column += S.Count)
        {
            var left = Math.Max(0, headSize - column);
            S.Store(destination + column, S.Multiply(factors, S.LoadPartial(source + column, left)));
        }
    }

    /// <summary>destination (rows, head size), strided = factor * source (rows, width).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackRow<S, V>(float* source, int headSize, float* destination, float factor)
        where S : struct, ISimd<V>
        where V : struct
    {
        var factors = S.Create(factor);
        var column = 0;
        for (; column <= headSize - S.Count; column += S.Count)
        {
            S.Store(destination + column, S.Multiply(factors, S.Load(source + column)));
        }
        if (column < headSize)
        {
            S.StorePartial(destination + column, S.Multiply(factors, S.Load(source + column)), headSize - column);
        }
    }

    /// <summary>destination (head size, page length) = transpose of source (keys, head size), zeros from keys to page length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTransposed(float* source, nint sourceStride, int keys, int headSize, float* destination)
    {
        var key = 0;
        if (Sse.IsSupported)
        {
            for (; key <= keys - 4; key += 4)
            {
                var rows = source + (key * sourceStride);
                var to = destination + key;
                var column = 0;
                for (; column <= headSize - 4; column += 4, rows += 4, to += 4 * PageLength)
                {
                    Transpose4X4(rows, sourceStride, to);
                }
                TransposeScalar(source, sourceStride, key, key + 4, column, headSize, destination);
            }
        }
        TransposeScalar(source, sourceStride, key, keys, 0, headSize, destination);
        if (keys < PageLength)
        {
            for (var column = 0; column < headSize; column++)
            {
                new Span<float>(destination + (column * PageLength) + keys, PageLength - keys).Clear();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4X4(float* source, nint sourceStride, float* destination)
    {
        var r0 = Vector128.Load(source);
        var r1 = Vector128.Load(source + sourceStride);
        var r2 = Vector128.Load(source + (2 * sourceStride));
        var r3 = Vector128.Load(source + (3 * sourceStride));
        var low01 = Sse.UnpackLow(r0, r1);
        var low23 = Sse.UnpackLow(r2, r3);
        var high01 = Sse.UnpackHigh(r0, r1);
        var high23 = Sse.UnpackHigh(r2, r3);
        Vector128.Store(Sse.MoveLowToHigh(low01, low23), destination);
        Vector128.Store(Sse.MoveHighToLow(low23, low01), destination + PageLength);
        Vector128.Store(Sse.MoveLowToHigh(high01, high23), destination + (2 * PageLength));
        Vector128.Store(Sse.MoveHighToLow(high23, high01), destination + (3 * PageLength));
    }

    private static void TransposeScalar(
        float* source, nint sourceStride, int firstKey, int keys, int firstColumn, int headSize, float* destination)
    {
        for (var key = firstKey; key < keys; key++)
        {
            for (var column = firstColumn; column < headSize; column++)
            {
                destination[(column * PageLength) + key] = source[(key * sourceStride) + column];
            }
        }
    }
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Where equally long rows lie in a buffer: groups of rows, such as the heads of one token inside its row of a fused
/// query-key-value projection.
/// </summary>
/// <param name="RowsPerGroup">Rows in a group, e.g. heads of a token.</param>
/// <param name="GroupStride">Floats from one group to the next, e.g. the width of the fused row.</param>
/// <param name="RowStride">Floats from one row of a group to the next, e.g. the head size.</param>
internal readonly record struct RowLayout(int RowsPerGroup, int GroupStride, int RowStride)
{
    /// <summary>Rows of <paramref name="width"/> floats one after the other.</summary>
    internal static RowLayout Contiguous(int width) => new(1, width, 0);

    /// <summary>The offset of a row in floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long Offset(int row)
        => ((long)(row / RowsPerGroup) * GroupStride) + ((long)(row % RowsPerGroup) * RowStride);
}

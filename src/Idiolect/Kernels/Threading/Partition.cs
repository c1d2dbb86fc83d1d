using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>
/// How kernels cut their work into parts: by shape only, never by the number of threads, so that each part computes the
/// same bits wherever it runs.
/// </summary>
internal static class Partition
{
    /// <summary>Elements in a part: long enough to hide the hand-over to a thread, short enough to balance two.</summary>
    internal const int Elements = 16384;

    /// <summary>Columns in a part of a kernel that sums over rows: two cache lines.</summary>
    internal const int Columns = 32;

    internal static int ElementParts(long count) => checked((int)CeilingDivide(count, Elements));

    internal static int ColumnParts(int width) => CeilingDivide(width, Columns);

    internal static int RowParts(int rows, int width)
    {
        var rowsPerPart = RowsPerPart(width);
        return CeilingDivide(rows, rowsPerPart);
    }

    /// <summary>The rows [First, End) of a part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (int First, int End) Rows(int part, int rows, int width)
    {
        var rowsPerPart = RowsPerPart(width);
        var first = part * rowsPerPart;
        return (first, Math.Min(first + rowsPerPart, rows));
    }

    /// <summary>The columns [First, First + Count) of a part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (int First, int Count) ColumnBlock(int part, int width)
        => (part * Columns, Math.Min(Columns, width - (part * Columns)));

    private static int RowsPerPart(int width) => Math.Max(1, Elements / width);
}

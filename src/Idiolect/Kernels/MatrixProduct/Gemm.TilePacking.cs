using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Kernels;

/// <summary>
/// Packing of A for tile registers, which take its rows as they are, with inner indices beside each other: panels of (blocks of inner
/// indices, 32 rows, 32 bfloat16).
/// </summary>
internal static unsafe partial class Gemm
{
    private const int TileRowFloats = TileRegisterAssembler.BlockSteps; // floats that a row of a block takes up: two bfloat16 in each
    private const int TileDepth = 2 * TileRowFloats; // inner indices of a block
    private const int TileBlockFloats = TileRegisterAssembler.TileSize * TileRowFloats; // floats that a block takes up

    /// <summary>Writes panels of 32 rows; inner indices beyond <paramref name="depth"/> are zero up to a whole block, rows beyond the last mean nothing.</summary>
    /// <param name="a">Where the first row begins.</param>
    /// <param name="rows">Rows of A that the panels hold.</param>
    /// <param name="depth">Inner indices.</param>
    /// <param name="panels">The destination.</param>
    /// <param name="panelStride">Floats from one panel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackTiles(MatrixView a, int rows, int depth, float* panels, int panelStride)
    {
        var whole = depth / TileDepth; // blocks
        if (!a.Transposed)
        {
            for (var row = 0; row < rows; row++)
            {
                var to = panels + ((long)(row / TileRegisterAssembler.TileSize) * panelStride) + (row % TileRegisterAssembler.TileSize * TileRowFloats);
                PackRow(a.Data + ((long)row * a.Stride), depth, whole, to);
            }
            return;
        }
        var wholePanels = rows / TileRegisterAssembler.TileSize;
        for (var block = 0; block * TileDepth < depth; block++)
        {
            // A row of memory at a time: it is read in long runs.
            var from = a.Data + ((long)block * TileDepth * a.Stride);
            var to = panels + (block * TileBlockFloats);
            var panel = 0;
            for (; block < whole && panel < wholePanels; panel++)
            {
                TransposeBlocks<PairsOfLines>(from + (panel * TileRegisterAssembler.TileSize), a.Stride, ahead: 128, twelve: false, TileRegisterAssembler.TileSize / 16, to + ((long)panel * panelStride), TileRowFloats);
            }
            for (; panel * TileRegisterAssembler.TileSize < rows; panel++)
            {
                var row = panel * TileRegisterAssembler.TileSize;
                TransposeTileEdge(
                    from + row, a.Stride, Math.Min(TileRegisterAssembler.TileSize, rows - row), Math.Min(TileDepth, depth - (block * TileDepth)),
                    to + ((long)panel * panelStride));
            }
        }
    }

    private static void PackRow(float* source, int depth, int blocks, float* destination)
    {
        for (var block = 0; block < blocks; block++)
        {
            Vector512.Store(AlongLine<PairElement>.Load(source, 0, ahead: 64), destination);
            source += TileDepth;
            destination += TileBlockFloats;
        }
        if (blocks * TileDepth < depth)
        {
            var rest = stackalloc float[TileDepth];
            new Span<float>(rest, TileDepth).Clear();
            new ReadOnlySpan<float>(source, depth - (blocks * TileDepth)).CopyTo(new Span<float>(rest, TileDepth));
            Vector512.Store(AlongLine<PairElement>.Load(rest, 0, ahead: 0), destination);
        }
    }

    /// <summary>A block of which rows or inner indices are missing: completed with zeros on the stack.</summary>
    private static void TransposeTileEdge(float* source, int stride, int rows, int depth, float* destination)
    {
        var complete = stackalloc float[TileDepth * TileRegisterAssembler.TileSize]; // (inner indices, rows)
        new Span<float>(complete, TileDepth * TileRegisterAssembler.TileSize).Clear();
        for (var p = 0; p < depth; p++)
        {
            new ReadOnlySpan<float>(source + ((long)p * stride), rows).CopyTo(new Span<float>(complete + (p * TileRegisterAssembler.TileSize), rows));
        }
        TransposeBlocks<PairsOfLines>(complete, TileRegisterAssembler.TileSize, ahead: 0, twelve: false, TileRegisterAssembler.TileSize / 16, destination, TileRowFloats);
    }
}

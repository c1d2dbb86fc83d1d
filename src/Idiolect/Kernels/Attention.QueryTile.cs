using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <content>
/// The unit of both passes: some query rows of one (sequence, key-value head). Scores are kept transposed, a key a row and a
/// query row a column, in panels of <see cref="PanelWidth"/> columns. So queries are packed once a tile and keys and values
/// not at all, and softmax works on a register of query rows at a time, without sums across lanes.
/// </content>
internal static unsafe partial class Attention
{
    private readonly struct QueryTile
    {
        internal QueryTile(int sequence, int head, int firstRow, int rows, int panelWidth)
        {
            (Sequence, Head, FirstRow, Rows, PanelWidth) = (sequence, head, firstRow, rows, panelWidth);
            Panels = (rows + panelWidth - 1) / panelWidth;
        }

        internal readonly int Sequence;
        internal readonly int Head; // of keys and values
        internal readonly int FirstRow;
        internal readonly int Rows;
        internal readonly int PanelWidth;
        internal readonly int Panels;

        /// <summary>How many keys of a page all rows of a panel see, and how many some row sees: the first of them and the last.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal (int All, int Any) Visible(in Inputs inputs, int panel, int firstKey, int keys)
        {
            var first = FirstRow + (panel * PanelWidth);
            var last = FirstRow + Math.Min((panel + 1) * PanelWidth, Rows) - 1;
            return (inputs.VisibleKeys(Sequence, first, firstKey, keys), inputs.VisibleKeys(Sequence, last, firstKey, keys));
        }
    }

    /// <summary>Rows of a panel of head size columns; the surplus is 0.</summary>
    private static int PanelRows(int headSize) => RoundUp(headSize, RowMultiple);

    /// <summary>Per column of a tile: the number of keys that it sees, as a float, and the key of its dropout mask.</summary>
    private static void FillColumns(in Inputs inputs, in QueryTile tile, float* visible, uint* dropKeys0, uint* dropKeys1)
    {
        for (var column = 0; column < tile.Panels * tile.PanelWidth; column++)
        {
            var row = tile.FirstRow + Math.Min(column, tile.Rows - 1);
            visible[column] = inputs.VisibleKeys(tile.Sequence, row);
            if (inputs.Shape.DropoutProbability > 0f)
            {
                var key = inputs.DropoutKey(tile.Sequence, tile.Head, row);
                (dropKeys0[column], dropKeys1[column]) = ((uint)key, (uint)(key >> 32));
            }
        }
    }

    /// <summary>panels (panels, head size, panel width) = factor * the tile's rows of data; surplus columns repeat the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackPanels(in Inputs inputs, in QueryTile tile, float* data, long stride, float factor, float* panels)
    {
        var (headSize, width) = (inputs.Shape.HeadSize, tile.PanelWidth);
        var last = tile.Rows - 1;
        for (var panel = 0; panel < tile.Panels; panel++, panels += PanelRows(headSize) * width)
        {
            var column = 0;
            for (; Sse.IsSupported && column <= width - 4; column += 4)
            {
                var row = (panel * width) + column;
                RowsToColumns(
                    inputs.Row(tile, data, stride, Math.Min(row, last)), inputs.Row(tile, data, stride, Math.Min(row + 1, last)),
                    inputs.Row(tile, data, stride, Math.Min(row + 2, last)), inputs.Row(tile, data, stride, Math.Min(row + 3, last)),
                    headSize, factor, panels + column, width);
            }
            for (; column < width; column++)
            {
                RowToColumn(
                    inputs.Row(tile, data, stride, Math.Min((panel * width) + column, last)), 0, headSize, factor, panels + column, width);
            }
        }
    }

    /// <summary>The tile's rows of data = panels (panels, head size, panel width), each row times its factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackPanels(in Inputs inputs, in QueryTile tile, float* panels, float* factors, float* data, long stride)
    {
        var (headSize, width) = (inputs.Shape.HeadSize, tile.PanelWidth);
        for (var panel = 0; panel < tile.Panels; panel++, panels += PanelRows(headSize) * width)
        {
            var row = panel * width;
            var end = Math.Min(row + width, tile.Rows);
            for (; Sse.IsSupported && row <= end - 4; row += 4)
            {
                ColumnsToRows(
                    panels + (row % width), width, headSize, factors + row, inputs.Row(tile, data, stride, row),
                    inputs.Row(tile, data, stride, row + 1), inputs.Row(tile, data, stride, row + 2), inputs.Row(tile, data, stride, row + 3));
            }
            for (; row < end; row++)
            {
                ColumnToRow(panels + (row % width), width, 0, headSize, factors[row], inputs.Row(tile, data, stride, row));
            }
        }
    }

    /// <summary>
    /// Sets the dropped ones of the first <paramref name="keys"/> rows of a panel to 0 and multiplies the others by
    /// <paramref name="growth"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Drop<S, V>(
        float* panel, nint stride, int keys, uint firstKey, uint* dropKeys0, uint* dropKeys1, uint threshold, float growth)
        where S : struct, ISimd<V>
        where V : struct
    {
        var growths = S.Create(growth);
        for (var key = 0; key < keys; key++, panel += stride)
        {
            var keep0 = S.Multiply(S.Keep(dropKeys0, dropKeys1, firstKey + (uint)key, threshold), growths);
            var keep1 = S.Multiply(S.Keep(dropKeys0 + S.Count, dropKeys1 + S.Count, firstKey + (uint)key, threshold), growths);
            S.Store(panel, S.Multiply(keep0, S.Load(panel)));
            S.Store(panel + S.Count, S.Multiply(keep1, S.Load(panel + S.Count)));
        }
    }
}

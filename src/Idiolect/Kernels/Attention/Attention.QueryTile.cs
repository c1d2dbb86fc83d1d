using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <content>
/// The unit of both passes: some query rows of one (sequence, key-value head). Scores are kept transposed, a key a row and a
/// query row a column, in panels of <see cref="PanelColumns"/> columns. So queries are transposed once a tile, keys and values
/// only copied, and softmax works on a register of query rows at a time, without sums across lanes.
/// </content>
internal static unsafe partial class Attention
{
    private readonly struct QueryTile
    {
        internal QueryTile(int sequence, int head, int firstRow, int rows, int lanes)
        {
            (Sequence, Head, FirstRow, Rows, Lanes) = (sequence, head, firstRow, rows, lanes);
            (PairWidth, PanelWidth) = (PairColumns(lanes), PanelColumns(lanes));
            Panels = CeilingDivide(rows, PanelWidth);
        }

        internal readonly int Sequence;
        internal readonly int Head; // of keys and values
        internal readonly int FirstRow;
        internal readonly int Rows;
        internal readonly int Lanes; // of a register
        internal readonly int PairWidth;
        internal readonly int PanelWidth;
        internal readonly int Panels;

        /// <summary>The row after the panel's last.</summary>
        internal int EndRow(int panel) => Math.Min((panel + 1) * PanelWidth, Rows);

        /// <summary>The panel's columns, in whole pairs, that have rows.</summary>
        internal int Columns(int panel) => RoundUp(EndRow(panel) - (panel * PanelWidth), PairWidth);

        /// <summary>
        /// How many keys of a page all rows of the pair of registers that starts at a column of the tile see, and how many some row sees: the first of
        /// them and the last.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal (int All, int Any) Visible(in Inputs inputs, int column, int firstKey, int keys)
        {
            var last = FirstRow + Math.Min(column + PairWidth, Rows) - 1;
            return (inputs.VisibleKeys(Sequence, FirstRow + column, firstKey, keys), inputs.VisibleKeys(Sequence, last, firstKey, keys));
        }

        /// <summary>How many keys of a page some row of the panel's first pair of registers sees, and some row of its last.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal (int First, int Last) Seen(in Inputs inputs, int panel, int firstKey, int keys)
        {
            var column = panel * PanelWidth;
            return (Visible(inputs, column, firstKey, keys).Any, Visible(inputs, column + Columns(panel) - PairWidth, firstKey, keys).Any);
        }
    }

    /// <summary>Rows of a panel of head size columns; the surplus is 0.</summary>
    private static int PanelRows(int headSize) => RoundUp(headSize, RowMultiple);

    /// <summary>Per column of a tile: the number of keys that it sees, as a float, and the key of its dropout mask.</summary>
    private static void FillColumns(in Inputs inputs, in QueryTile tile, float* visible, uint* dropKeys0, uint* dropKeys1)
    {
        for (var column = 0; column < RoundUp(tile.Rows, tile.PairWidth); column++)
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

    /// <summary>to (head size, panel width) = factor * the panel's rows of data, in as many pairs as it has; surplus columns repeat the last row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackPanel(in Inputs inputs, in QueryTile tile, int panel, float* data, long stride, float factor, float* to)
    {
        var (headSize, width) = (inputs.Shape.HeadSize, tile.PanelWidth);
        var columns = tile.Columns(panel);
        var last = tile.Rows - 1;
        var column = 0;
        for (; Transposition.IsFast && column <= columns - 4; column += 4)
        {
            var row = (panel * width) + column;
            RowsToColumns(
                inputs.Row(tile, data, stride, Math.Min(row, last)), inputs.Row(tile, data, stride, Math.Min(row + 1, last)),
                inputs.Row(tile, data, stride, Math.Min(row + 2, last)), inputs.Row(tile, data, stride, Math.Min(row + 3, last)),
                headSize, factor, to + column, width);
        }
        for (; column < columns; column++)
        {
            RowToColumn(inputs.Row(tile, data, stride, Math.Min((panel * width) + column, last)), 0, headSize, factor, to + column, width);
        }
    }

    /// <summary>The panel's rows of data = from (head size, panel width), each row times its factor; factors are those of the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UnpackPanel(in Inputs inputs, in QueryTile tile, int panel, float* from, float* factors, float* data, long stride)
    {
        var (headSize, width) = (inputs.Shape.HeadSize, tile.PanelWidth);
        var row = panel * width;
        var end = tile.EndRow(panel);
        for (; Transposition.IsFast && row <= end - 4; row += 4)
        {
            ColumnsToRows(
                from + (row % width), width, headSize, factors + row, inputs.Row(tile, data, stride, row),
                inputs.Row(tile, data, stride, row + 1), inputs.Row(tile, data, stride, row + 2), inputs.Row(tile, data, stride, row + 3));
        }
        for (; row < end; row++)
        {
            ColumnToRow(from + (row % width), width, 0, headSize, factors[row], inputs.Row(tile, data, stride, row));
        }
    }

    /// <summary>Asks for the panel's rows of data, if it has any.</summary>
    private static void PrefetchPanel(in Inputs inputs, in QueryTile tile, int panel, float* data, long stride)
    {
        for (var row = panel * tile.PanelWidth; row < tile.EndRow(panel); row++)
        {
            PrefetchRows(inputs.Row(tile, data, stride, row), 0, 1, inputs.Shape.HeadSize);
        }
    }

    /// <summary>
    /// Sets the dropped ones of the first <paramref name="keys"/> rows of a pair of registers to 0 and multiplies the others by
    /// <paramref name="growth"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Drop<S, V>(
        float* pair, nint stride, int keys, uint firstKey, uint* dropKeys0, uint* dropKeys1, uint threshold, float growth)
        where S : struct, ISimd<V>
        where V : struct
    {
        var growths = S.Create(growth);
        for (var key = 0; key < keys; key++, pair += stride)
        {
            var keep0 = S.Multiply(S.Keep(dropKeys0, dropKeys1, firstKey + (uint)key, threshold), growths);
            var keep1 = S.Multiply(S.Keep(dropKeys0 + S.Count, dropKeys1 + S.Count, firstKey + (uint)key, threshold), growths);
            S.Store(pair, S.Multiply(keep0, S.Load(pair)));
            S.Store(pair + S.Count, S.Multiply(keep1, S.Load(pair + S.Count)));
        }
    }
}

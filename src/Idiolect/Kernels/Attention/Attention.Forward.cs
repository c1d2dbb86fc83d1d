using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The forward pass: one part a (query tile, sequence, key-value head).</content>
internal static unsafe partial class Attention
{
    /// <summary>The base-2 logarithm of e: scores are scaled by it, so that softmax is made of powers of two.</summary>
    private const float Log2E = 1.44269504f;

    private const float Ln2 = 0.693147181f;

    /// <summary>Floats of scratch that one worker needs in the forward pass, in registers of <paramref name="lanes"/>.</summary>
    internal static long ForwardScratchCount(in AttentionShape shape, int lanes) => new ForwardScratch(null, shape, lanes).Count;

    /// <summary>
    /// Query rows of a tile in the forward pass: many, for each tile packs the keys and values that it sees, unless that leaves
    /// too few parts to share. A row's bits do not depend on it.
    /// </summary>
    private static int ForwardTileRows(in AttentionShape shape)
    {
        const int Most = 256;
        const int Least = 64;
        const int EnoughParts = 8;
        var rows = Most;
        while (rows > Least && (long)shape.Batch * shape.HeadCount * shape.QueryLength < (long)EnoughParts * rows)
        {
            rows /= 2;
        }
        return rows;
    }

    /// <summary>The scratch of one part; bounded, however long the sequences are.</summary>
    private readonly struct ForwardScratch
    {
        internal ForwardScratch(float* start, in AttentionShape shape, int lanes)
        {
            var panelWidth = PanelColumns(lanes);
            KeyStride = PanelRows(shape.HeadSize);
            PanelSize = KeyStride * panelWidth;
            var tileRows = ForwardTileRows(shape);
            Query = start;
            Accumulator = Query + (tileRows * KeyStride);
            Keys = Accumulator + (tileRows * KeyStride);
            Values = Keys + (PageLength * KeyStride);
            Scores = Values + (PageLength * KeyStride);
            Maxima = Scores + (PageLength * panelWidth);
            Sums = Maxima + tileRows;
            Visible = Sums + tileRows;
            DropKeys0 = (uint*)(Visible + tileRows);
            DropKeys1 = DropKeys0 + tileRows;
            Count = (float*)(DropKeys1 + tileRows) - start;
        }

        internal readonly int KeyStride;

        internal readonly int PanelSize;

        // (panels, head size, panel width): queries times scale and log2 e
        internal readonly float* Query;

        // (panels, head size, panel width): sum of 2^(score - maximum) * value
        internal readonly float* Accumulator;

        // (page length, head size), zeros up to multiples of RowMultiple
        internal readonly float* Keys;

        // (page length, head size), likewise
        internal readonly float* Values;

        // (page length, panel width): one panel's scores, then 2^(score - maximum)
        internal readonly float* Scores;

        // (tile rows): the largest score so far
        internal readonly float* Maxima;

        // (tile rows): the sum of 2^(score - maximum)
        internal readonly float* Sums;

        // (tile rows): the number of keys that each row sees
        internal readonly float* Visible;

        // (tile rows): the two halves of the key of each row's dropout mask
        internal readonly uint* DropKeys0;
        internal readonly uint* DropKeys1;

        internal readonly long Count;
    }

    private partial struct ForwardJob : IJob
    {
        internal Inputs Inputs;
        internal float* Output;
        internal float* LogSumExp;
        internal int TileRows;
        internal int TileCount;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var (pair, index) = Math.DivRem(part, TileCount);
            var (sequence, head) = Math.DivRem(pair, shape.KeyValueHeadCount);

            // In causal attention the last tile sees the most keys: the longest parts go first.
            var firstRow = (TileCount - 1 - index) * TileRows;
            var tile = new QueryTile(sequence, head, firstRow, Math.Min(TileRows, Inputs.RowCount - firstRow), S.Count);
            var scratch = new ForwardScratch(worker.Scratch(ForwardScratchCount(shape, S.Count)), shape, S.Count);
            if (tile.Rows <= 2)
            {
                for (var row = 0; row < tile.Rows; row++)
                {
                    AttendRow<S, V>(scratch, new QueryTile(sequence, head, firstRow + row, 1, S.Count));
                }
                return;
            }
            FillColumns(Inputs, tile, scratch.Visible, scratch.DropKeys0, scratch.DropKeys1);
            var keys = Inputs.VisibleKeys(sequence, firstRow + tile.Rows - 1);
            var firstKey = 0;
            do
            {
                Attend<S, V>(scratch, tile, firstKey, keys);
                firstKey += PageLength;
            }
            while (firstKey < keys);
        }

        /// <summary>
        /// A query tile against a page of keys, panel by panel, each only as far as its last row sees. A panel's queries are packed
        /// at its first page and its outputs written at its last, and what comes next is asked for before: rows of a head are short
        /// and lie far apart, and memory would otherwise be waited for.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Attend<S, V>(in ForwardScratch scratch, in QueryTile tile, int firstKey, int endKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var width = tile.PanelWidth;
            var page = (tile.Sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
            var offset = tile.Head * shape.HeadSize;
            var keys = Math.Clamp(endKey - firstKey, 0, PageLength);
            var nextKeys = Math.Clamp(endKey - firstKey - PageLength, 0, PageLength);
            if (keys > 0)
            {
                PackRows<S, V>(Inputs.KeyPages[page] + offset, shape.KeyStride, keys, shape.HeadSize, scratch.Keys, scratch.KeyStride);
                PackRows<S, V>(Inputs.ValuePages[page] + offset, shape.KeyStride, keys, shape.HeadSize, scratch.Values, scratch.KeyStride);
            }
            var scores = new Product
            {
                A = scratch.Keys, // (keys, head size)
                ARow = scratch.KeyStride,
                AStep = 1,
                BRow = width,
                C = scratch.Scores,
                CRow = width,
                Steps = shape.HeadSize,
            };
            var outputs = new Product
            {
                A = scratch.Values, // (head size, keys)
                ARow = 1,
                AStep = scratch.KeyStride,
                B = scratch.Scores,
                BRow = width,
                CRow = width,
            };
            for (var panel = 0; panel < tile.Panels; panel++)
            {
                if (firstKey == 0)
                {
                    PreparePanel(scratch, tile, panel);
                }
                if (nextKeys > 0)
                {
                    var (first, end) = (panel * nextKeys / tile.Panels, (panel + 1) * nextKeys / tile.Panels);
                    PrefetchRows(Inputs.KeyPages[page + 1] + offset + (first * (long)shape.KeyStride), shape.KeyStride, end - first, shape.HeadSize);
                    PrefetchRows(Inputs.ValuePages[page + 1] + offset + (first * (long)shape.KeyStride), shape.KeyStride, end - first, shape.HeadSize);
                }
                var ends = EndsIn(tile, panel, firstKey);
                if (ends)
                {
                    PrefetchPanel(Inputs, tile, panel, Output, shape.OutputStride);
                }
                var (seenByFirst, seen) = tile.Seen(Inputs, panel, firstKey, keys);
                if (seen > 0)
                {
                    var columns = tile.Columns(panel);
                    scores.B = scratch.Query + (panel * scratch.PanelSize);
                    MultiplyRows<S, V>(scores, seenByFirst, seen, columns);
                    for (var column = 0; column < columns; column += tile.PairWidth)
                    {
                        Normalise<S, V>(scratch, tile, panel, column, firstKey, keys);
                    }
                    outputs.C = scratch.Accumulator + (panel * scratch.PanelSize);
                    AddSteps<S, V>(outputs, shape.HeadSize, seenByFirst, seen, columns);
                }
                if (ends)
                {
                    FinishPanel(scratch, tile, panel);
                }
            }
        }

        private readonly void PreparePanel(in ForwardScratch scratch, in QueryTile tile, int panel)
        {
            ref readonly var shape = ref Inputs.Shape;
            PackPanel(Inputs, tile, panel, Inputs.Query, shape.QueryStride, shape.Scale * Log2E, scratch.Query + (panel * scratch.PanelSize));
            PrefetchPanel(Inputs, tile, panel + 1, Inputs.Query, shape.QueryStride);
            new Span<float>(scratch.Accumulator + (panel * scratch.PanelSize), scratch.PanelSize).Clear();
            new Span<float>(scratch.Sums + (panel * tile.PanelWidth), tile.PanelWidth).Clear();
            new Span<float>(scratch.Maxima + (panel * tile.PanelWidth), tile.PanelWidth).Fill(float.MinValue);
        }

        /// <summary>Whether the page is the last of which the panel sees a key, or the first if it sees none.</summary>
        private readonly bool EndsIn(in QueryTile tile, int panel, int firstKey)
        {
            var seen = Inputs.VisibleKeys(tile.Sequence, tile.FirstRow + tile.EndRow(panel) - 1);
            return Math.Max(0, seen - 1) / PageLength == firstKey / PageLength;
        }

        /// <summary>Softmax and dropout of the pair of registers that starts at a column of a panel.</summary>
        private readonly void Normalise<S, V>(in ForwardScratch scratch, in QueryTile tile, int panel, int column, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            var ofTile = (panel * tile.PanelWidth) + column;
            var (all, any) = tile.Visible(Inputs, ofTile, firstKey, keys);
            OnlineSoftmax<S, V>(
                scratch.Scores + column, scratch.Visible + ofTile, firstKey, all, any, scratch.Maxima + ofTile, scratch.Sums + ofTile,
                scratch.Accumulator + (panel * scratch.PanelSize) + column, Inputs.Shape.HeadSize);
            if (Inputs.Shape.DropoutProbability > 0f)
            {
                Drop<S, V>(
                    scratch.Scores + column, tile.PanelWidth, any, (uint)firstKey, scratch.DropKeys0 + ofTile, scratch.DropKeys1 + ofTile,
                    CounterRandom.DropThreshold(Inputs.Shape.DropoutProbability), 1f);
            }
        }

        private readonly void FinishPanel(in ForwardScratch scratch, in QueryTile tile, int panel)
        {
            for (var row = panel * tile.PanelWidth; row < tile.EndRow(panel); row++)
            {
                scratch.Sums[row] = OutputFactor(tile, row, scratch.Maxima[row], scratch.Sums[row]);
            }
            UnpackPanel(Inputs, tile, panel, scratch.Accumulator + (panel * scratch.PanelSize), scratch.Sums, Output, Inputs.Shape.OutputStride);
        }

        /// <summary>What a row of the accumulator is multiplied by; writes the row's log-sum-exp.</summary>
        private readonly float OutputFactor(in QueryTile tile, int row, float maximum, float sum)
        {
            var seesNothing = sum == 0f;
            if (LogSumExp != null)
            {
                LogSumExp[Inputs.StatisticsIndex(tile.Sequence, tile.Head, tile.FirstRow + row)] =
                    seesNothing ? float.NegativeInfinity : (maximum * Ln2) + MathF.Log(sum);
            }
            return seesNothing ? 0f : 1f / (sum * (1f - Inputs.Shape.DropoutProbability));
        }
    }
}

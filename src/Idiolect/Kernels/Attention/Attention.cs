using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <summary>
/// Scaled dot-product attention (Vaswani et al. 2017) as flash attention (Dao et al. 2022; Dao 2023): key tile by key tile
/// with an online softmax, the scores recomputed in the backward pass, so that memory is linear in the lengths. Training,
/// prefill and decode are one code path: keys and values are reached through pages of <see cref="PageLength"/> rows, and a
/// page is a key tile. The query heads that share a key-value head (grouped-query attention, Ainslie et al. 2023) are
/// simply more rows against the same tile.
/// </summary>
/// <remarks>
/// For one (query row, head) the order of all sums depends on key positions only, so a row has the same bits alone
/// (decode) and among many (prefill), on any number of threads. Keys from a sequence's length on are never read.
/// </remarks>
internal static unsafe partial class Attention
{
    /// <summary>Keys of a page, which is also a key tile.</summary>
    internal const int PageLength = 64;

    /// <summary>What both passes read, and the mask that follows from it.</summary>
    private struct Inputs
    {
        internal AttentionShape Shape;
        internal int GroupSize; // that of the shape, which is a quotient

        // (batch, query length, heads, head size), rows QueryStride apart
        internal float* Query;

        // (batch, pages a sequence) pointers to (page length, key-value heads, head size), rows KeyStride apart
        internal float** KeyPages;
        internal float** ValuePages;
        internal int PagesPerSequence;

        // (batch)
        internal int* KeyLengths;
        internal int* QueryOffsets;

        /// <summary>Rows of one (sequence, key-value head): row r is query r / group, head r % group of the group.</summary>
        internal readonly int RowCount => Shape.QueryLength * GroupSize;

        /// <summary>How many keys, from the first, the row sees. Grows with the row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly int VisibleKeys(int sequence, int row)
        {
            var length = KeyLengths[sequence];
            return Shape.Causal ? Math.Min(length, QueryOffsets[sequence] + QueryOf(row).Query + 1) : length;
        }

        /// <summary>How many of <paramref name="keys"/> keys from <paramref name="firstKey"/> on the row sees.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly int VisibleKeys(int sequence, int row, int firstKey, int keys)
            => Math.Clamp(VisibleKeys(sequence, row) - firstKey, 0, keys);

        /// <summary>
        /// Forward: scores and their sum of values, for the pairs of a query and a key that it sees. Backward the scores once more, and four products
        /// of gradients; it reads what the forward pass reads and writes, and a gradient, and writes three.
        /// </summary>
        internal readonly KernelWork Work(bool backward)
        {
            double pairs = 0, keys = 0;
            for (var sequence = 0; sequence < Shape.Batch; sequence++)
            {
                keys += KeyLengths[sequence];
                for (var query = 0; query < Shape.QueryLength; query++)
                {
                    pairs += VisibleKeys(sequence, query * GroupSize);
                }
            }
            var flops = 4 * pairs * Shape.HeadCount * Shape.HeadSize;
            var floats = 2 * Shape.HeadSize * ((Shape.HeadCount * (double)Shape.Batch * Shape.QueryLength) + (Shape.KeyValueHeadCount * keys));
            return backward ? new KernelWork(2.5 * flops, 2 * sizeof(float) * floats) : new KernelWork(flops, sizeof(float) * floats);
        }

        /// <summary>The first row that sees the key, if any does.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly int FirstRowSeeing(int sequence, int key)
            => Shape.Causal ? Math.Max(0, key - QueryOffsets[sequence]) * GroupSize : 0;

        /// <summary>The query of a row and which head of the group it is. Without groups, as a rule, no division.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly (int Query, int Head) QueryOf(int row) => GroupSize == 1 ? (row, 0) : Math.DivRem(row, GroupSize);

        /// <summary>The index of a row in (batch, query length) and the query head that it belongs to.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly (long Position, int Head) Locate(int sequence, int keyValueHead, int row)
        {
            var (query, head) = QueryOf(row);
            return (((long)sequence * Shape.QueryLength) + query, (keyValueHead * GroupSize) + head);
        }

        /// <summary>Where a tile's row lies in data laid out as the queries are, with <paramref name="stride"/> between positions.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal readonly float* Row(in QueryTile tile, float* data, long stride, int row)
        {
            var (position, head) = Locate(tile.Sequence, tile.Head, tile.FirstRow + row);
            return data + (position * stride) + (head * Shape.HeadSize);
        }

        /// <summary>The index of a row in (batch, heads, query length).</summary>
        internal readonly long StatisticsIndex(int sequence, int keyValueHead, int row)
        {
            var (query, head) = QueryOf(row);
            return (((((long)sequence * Shape.HeadCount) + (keyValueHead * GroupSize) + head) * Shape.QueryLength) + query);
        }

        /// <summary>The key of the dropout mask of one row; the key's position is the counter.</summary>
        internal readonly ulong DropoutKey(int sequence, int keyValueHead, int row)
        {
            var (query, head) = QueryOf(row);
            var key = CounterRandom.Derive(Shape.DropoutKey, (ulong)(Shape.FirstSample + sequence));
            key = CounterRandom.Derive(key, (ulong)((keyValueHead * GroupSize) + head));
            return CounterRandom.Derive(key, (ulong)(QueryOffsets[sequence] + query));
        }
    }

    /// <summary>Attends from every query to the keys that it sees.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="shape">Sizes, strides and options.</param>
    /// <param name="query">(batch, query length, heads, head size).</param>
    /// <param name="keyPages">(batch, pages a sequence): the first key's row of each page; key head g starts at g * head size.</param>
    /// <param name="valuePages">As <paramref name="keyPages"/>. Pages past a sequence's key length are not read.</param>
    /// <param name="pagesPerSequence">Page pointers a sequence.</param>
    /// <param name="keyLengths">(batch): the valid keys of each sequence; those beyond are masked.</param>
    /// <param name="queryOffsets">(batch): the position, among the keys, of each sequence's first query.</param>
    /// <param name="output">(batch, query length, heads, head size); 0 for a row that sees no key.</param>
    /// <param name="logSumExp">(batch, heads, query length): the logarithm of the softmax denominator, which the backward pass
    /// needs; -infinity for a row that sees no key. Null if not wanted.</param>
    internal static void Forward(
        Team team,
        in AttentionShape shape,
        float* query,
        float** keyPages,
        float** valuePages,
        int pagesPerSequence,
        int* keyLengths,
        int* queryOffsets,
        float* output,
        float* logSumExp)
    {
        shape.Validate();
        var inputs = Gather(shape, query, keyPages, valuePages, pagesPerSequence, keyLengths, queryOffsets);
        var tileRows = ForwardTileRows(shape);
        var tiles = CeilingDivide(inputs.RowCount, tileRows);
        team.Run(
            new ForwardJob { Inputs = inputs, Output = output, LogSumExp = logSumExp, TileRows = tileRows, TileCount = tiles },
            shape.Batch * shape.KeyValueHeadCount * tiles, team.Clock == null ? default : inputs.Work(backward: false));
    }

    /// <summary>
    /// Writes the gradients of the queries, keys and values: all <see cref="AttentionShape.QueryLength"/> query rows and all
    /// <see cref="AttentionShape.KeyLength"/> key and value rows of every sequence, 0 where masked.
    /// </summary>
    /// <param name="team">The threads.</param>
    /// <param name="shape">As in the forward pass.</param>
    /// <param name="query">As in the forward pass.</param>
    /// <param name="keyPages">As in the forward pass.</param>
    /// <param name="valuePages">As in the forward pass.</param>
    /// <param name="pagesPerSequence">As in the forward pass; covers KeyLength rows.</param>
    /// <param name="keyLengths">As in the forward pass.</param>
    /// <param name="queryOffsets">As in the forward pass.</param>
    /// <param name="output">What the forward pass wrote.</param>
    /// <param name="logSumExp">What the forward pass wrote.</param>
    /// <param name="outputGradient">As <paramref name="output"/>.</param>
    /// <param name="queryGradient">As <paramref name="query"/>.</param>
    /// <param name="keyGradientPages">As <paramref name="keyPages"/>.</param>
    /// <param name="valueGradientPages">As <paramref name="valuePages"/>.</param>
    internal static void Backward(
        Team team,
        in AttentionShape shape,
        float* query,
        float** keyPages,
        float** valuePages,
        int pagesPerSequence,
        int* keyLengths,
        int* queryOffsets,
        float* output,
        float* logSumExp,
        float* outputGradient,
        float* queryGradient,
        float** keyGradientPages,
        float** valueGradientPages)
    {
        shape.Validate();
        if ((long)pagesPerSequence * PageLength < shape.KeyLength)
        {
            throw new ArgumentException(
                $"{pagesPerSequence} pages of {PageLength} keys do not cover {shape.KeyLength} keys.", nameof(pagesPerSequence));
        }
        var job = new BackwardJob
        {
            Inputs = Gather(shape, query, keyPages, valuePages, pagesPerSequence, keyLengths, queryOffsets),
            Output = output,
            LogSumExp = logSumExp,
            OutputGradient = outputGradient,
            QueryGradient = queryGradient,
            KeyGradientPages = keyGradientPages,
            ValueGradientPages = valueGradientPages,
        };
        job.Run(team);
    }

    private static Inputs Gather(
        in AttentionShape shape,
        float* query,
        float** keyPages,
        float** valuePages,
        int pagesPerSequence,
        int* keyLengths,
        int* queryOffsets)
        => new()
        {
            Shape = shape,
            GroupSize = shape.GroupSize,
            Query = query,
            KeyPages = keyPages,
            ValuePages = valuePages,
            PagesPerSequence = pagesPerSequence,
            KeyLengths = keyLengths,
            QueryOffsets = queryOffsets,
        };
}

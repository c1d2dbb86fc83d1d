using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>
/// The backward pass (Dao et al. 2022, algorithm 4): one part a (sequence, key-value head), which goes through the key
/// tiles and, for each, through the query tiles, so that every sum has one owner and a fixed order. With P the
/// probabilities, O the output and D = rowsum(dO ∘ O): dV = P' dO, dP = dO V', dS = P ∘ (dP - D), dQ = dS K, dK = dS' Q.
/// </content>
internal static unsafe partial class Attention
{
    /// <summary>Floats of scratch that one worker needs in the backward pass, in registers of <paramref name="lanes"/>.</summary>
    internal static long BackwardScratchCount(in AttentionShape shape, int lanes) => new BackwardScratch(null, shape, lanes).Count;

    /// <summary>The scratch of one part. Linear in the number of query rows.</summary>
    private readonly struct BackwardScratch
    {
        /// <summary>Between rows of probabilities: a page and whatever the last row block over its keys reaches beyond.</summary>
        internal const int ProbabilityStride = PageLength + 8;

        internal BackwardScratch(float* start, in AttentionShape shape, int lanes)
        {
            const int Tile = BackwardJob.QueryTile;
            var keyRows = RoundUp(PageLength, RowBlock);
            var rows = (long)RoundUp(shape.QueryLength * shape.GroupSize, RowBlock);
            Width = RoundUp(shape.HeadSize, 2 * lanes);
            Query = start;
            OutputGradient = Query + (rows * Width);
            QueryGradient = OutputGradient + (rows * Width);
            LogSumExp = QueryGradient + (rows * Width);
            Products = LogSumExp + rows;
            TransposedKeys = Products + rows;
            TransposedValues = TransposedKeys + (shape.HeadSize * PageLength);
            Keys = TransposedValues + (shape.HeadSize * PageLength);
            KeyGradient = Keys + (PageLength * Width);
            ValueGradient = KeyGradient + (keyRows * Width);
            Probabilities = ValueGradient + (keyRows * Width);
            ScoreGradient = Probabilities + (Tile * ProbabilityStride);
            LaneIndices = ScoreGradient + (Tile * ProbabilityStride);
            Count = LaneIndices + lanes - start;
        }

        /// <summary>The head size rounded up to whole micro-kernels.</summary>
        internal readonly int Width;

        // (rows, width): scaled queries
        internal readonly float* Query;

        // (rows, width)
        internal readonly float* OutputGradient;

        // (rows, width)
        internal readonly float* QueryGradient;

        // (rows)
        internal readonly float* LogSumExp;

        // (rows): D = output · its gradient
        internal readonly float* Products;

        // (head size, page length)
        internal readonly float* TransposedKeys;

        // (head size, page length)
        internal readonly float* TransposedValues;

        // (page length, width): scaled keys
        internal readonly float* Keys;

        // (page length rounded up to row blocks, width)
        internal readonly float* KeyGradient;

        // (page length rounded up to row blocks, width)
        internal readonly float* ValueGradient;

        // (query tile, probability stride): scores, then probabilities after dropout
        internal readonly float* Probabilities;

        // (query tile, probability stride): gradients of the probabilities, then of the scores
        internal readonly float* ScoreGradient;

        // (lanes): 0, 1, 2, ...
        internal readonly float* LaneIndices;

        internal readonly long Count;
    }

    private struct BackwardJob : IJob
    {
        /// <summary>Query rows whose probabilities against one key tile are held at a time.</summary>
        internal const int QueryTile = 12 * RowBlock;

        internal Inputs Inputs;
        internal float* Output;
        internal float* LogSumExp;
        internal float* OutputGradient;
        internal float* QueryGradient;
        internal float** KeyGradientPages;
        internal float** ValueGradientPages;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var (sequence, head) = Math.DivRem(part, shape.KeyValueHeadCount);
            var scratch = new BackwardScratch(worker.Scratch(BackwardScratchCount(shape, S.Count)), shape, S.Count);
            var rows = Inputs.RowCount;
            Prepare<S, V>(scratch, sequence, head);
            for (var firstKey = 0; firstKey < shape.KeyLength; firstKey += PageLength)
            {
                var gradients = RoundUp(PageLength, RowBlock) * scratch.Width;
                new Span<float>(scratch.KeyGradient, gradients).Clear();
                new Span<float>(scratch.ValueGradient, gradients).Clear();
                var keys = rows == 0 ? 0 : Math.Min(PageLength, Inputs.VisibleKeys(sequence, rows - 1) - firstKey);
                if (keys > 0)
                {
                    PackKeys<S, V>(scratch, sequence, head, firstKey, keys);
                    var firstTile = Inputs.FirstRowSeeing(sequence, firstKey) / QueryTile * QueryTile;
                    for (var firstRow = firstTile; firstRow < rows; firstRow += QueryTile)
                    {
                        var rowsHere = Math.Min(QueryTile, rows - firstRow);
                        DifferentiateTile<S, V>(scratch, sequence, head, firstRow, rowsHere, firstKey, keys);
                    }
                }
                WriteKeyGradients<S, V>(scratch, sequence, head, firstKey);
            }
            WriteQueryGradients<S, V>(scratch, sequence, head);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Prepare<S, V>(in BackwardScratch scratch, int sequence, int head)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var width = scratch.Width;
            var rows = Inputs.RowCount;
            for (var row = 0; row < rows; row++)
            {
                var (position, queryHead) = Inputs.Locate(sequence, head, row);
                var query = Inputs.Query + (position * shape.QueryStride) + (queryHead * shape.HeadSize);
                var outputOffset = (position * shape.OutputStride) + (queryHead * shape.HeadSize);
                var gradient = scratch.OutputGradient + ((long)row * width);
                PackRow<S, V>(query, shape.HeadSize, scratch.Query + ((long)row * width), width, shape.Scale);
                PackRow<S, V>(OutputGradient + outputOffset, shape.HeadSize, gradient, width, 1f);
                scratch.Products[row] = Dot<S, V>(Output + outputOffset, gradient, shape.HeadSize);
                scratch.LogSumExp[row] = LogSumExp[Inputs.StatisticsIndex(sequence, head, row)];
            }
            var padding = (RoundUp(rows, RowBlock) - rows) * width;
            new Span<float>(scratch.Query + ((long)rows * width), padding).Clear();
            new Span<float>(scratch.OutputGradient + ((long)rows * width), padding).Clear();
            for (var row = 0; row < RoundUp(rows, RowBlock); row++)
            {
                new Span<float>(scratch.QueryGradient + ((long)row * width), width).Clear();
            }
            for (var row = 0; row < QueryTile; row++)
            {
                // Read by the last row block over the keys of a page and never written again.
                const int Stride = BackwardScratch.ProbabilityStride;
                new Span<float>(scratch.Probabilities + (row * Stride) + PageLength, Stride - PageLength).Clear();
                new Span<float>(scratch.ScoreGradient + (row * Stride) + PageLength, Stride - PageLength).Clear();
            }
            for (var lane = 0; lane < S.Count; lane++)
            {
                scratch.LaneIndices[lane] = lane;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void PackKeys<S, V>(in BackwardScratch scratch, int sequence, int head, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var page = (sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
            var key = Inputs.KeyPages[page] + (head * shape.HeadSize);
            var value = Inputs.ValuePages[page] + (head * shape.HeadSize);
            PackTransposed(key, shape.KeyStride, keys, shape.HeadSize, scratch.TransposedKeys);
            PackTransposed(value, shape.ValueStride, keys, shape.HeadSize, scratch.TransposedValues);
            PackRows<S, V>(key, shape.KeyStride, keys, shape.HeadSize, scratch.Keys, scratch.Width, shape.Scale);
        }

        /// <summary>Adds what one query tile and one key tile contribute to each other's gradients.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void DifferentiateTile<S, V>(
            in BackwardScratch scratch, int sequence, int head, int firstRow, int rows, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            const int Stride = BackwardScratch.ProbabilityStride;
            var width = scratch.Width;
            var tileStart = (long)firstRow * width;
            var query = scratch.Query + tileStart;
            var outputGradient = scratch.OutputGradient + tileStart;

            // One loop a product, so that the packed operand which all row blocks read stays in the first-level cache.
            for (var row = 0; row < rows; row += RowBlock)
            {
                var block = Math.Min(RowBlock, rows - row);
                var visible = Inputs.VisibleKeys(sequence, firstRow + row + block - 1, firstKey, keys);
                MultiplyBlock<S, V>(
                    block, RoundUp(visible, ColumnBlock<S, V>()), Inputs.Shape.HeadSize, query + (row * width), width, 1,
                    scratch.TransposedKeys, PageLength, scratch.Probabilities + (row * Stride), Stride, accumulate: false);
            }
            for (var row = 0; row < rows; row += RowBlock)
            {
                var block = Math.Min(RowBlock, rows - row);
                var visible = Inputs.VisibleKeys(sequence, firstRow + row + block - 1, firstKey, keys);
                var gradients = scratch.ScoreGradient + (row * Stride);
                MultiplyBlock<S, V>(
                    block, RoundUp(visible, ColumnBlock<S, V>()), Inputs.Shape.HeadSize, outputGradient + (row * width), width, 1,
                    scratch.TransposedValues, PageLength, gradients, Stride, accumulate: false);
                for (var i = row; i < row + block; i++)
                {
                    DifferentiateSoftmax<S, V>(
                        scratch, sequence, head, firstRow + i, scratch.Probabilities + (i * Stride),
                        scratch.ScoreGradient + (i * Stride), Inputs.VisibleKeys(sequence, firstRow + i, firstKey, keys), firstKey);
                }
            }
            for (var row = 0; row < rows; row += RowBlock)
            {
                var block = Math.Min(RowBlock, rows - row);
                var visible = Inputs.VisibleKeys(sequence, firstRow + row + block - 1, firstKey, keys);
                MultiplyBlock<S, V>(
                    block, width, visible, scratch.ScoreGradient + (row * Stride), Stride, 1,
                    scratch.Keys, width, scratch.QueryGradient + tileStart + (row * width), width, accumulate: true);
            }
            AddTransposed<S, V>(scratch.Probabilities, outputGradient, scratch.ValueGradient, width, sequence, firstRow, rows, firstKey, keys);
            AddTransposed<S, V>(scratch.ScoreGradient, query, scratch.KeyGradient, width, sequence, firstRow, rows, firstKey, keys);
        }

        /// <summary>
        /// sums (keys, width) += weights' (keys, rows) · rows (rows, width), key block by key block, over the rows that see
        /// the block's first key.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void AddTransposed<S, V>(
            float* weights, float* tile, float* sums, int width, int sequence, int firstRow, int rows, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            const int Stride = BackwardScratch.ProbabilityStride;
            for (var key = 0; key < keys; key += RowBlock)
            {
                var start = Math.Max(0, Inputs.FirstRowSeeing(sequence, firstKey + key) - firstRow);
                if (start >= rows)
                {
                    return;
                }
                MultiplyBlock<S, V>(
                    RowBlock, width, rows - start, weights + (start * Stride) + key, 1, Stride,
                    tile + (start * width), width, sums + (key * width), width, accumulate: true);
            }
        }

        /// <summary>
        /// From one row's scores and gradients of its (dropped-out) probabilities to those probabilities and the gradients of
        /// the scores, for the first <paramref name="count"/> keys of the tile; 0 for the tile's other keys.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void DifferentiateSoftmax<S, V>(
            in BackwardScratch scratch, int sequence, int head, int row, float* scores, float* gradients, int count, int firstKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            var dropout = Inputs.Shape.DropoutProbability;
            var growth = S.Create(1f / (1f - dropout));
            var threshold = CounterRandom.DropThreshold(dropout);
            var rowKey = dropout > 0f ? Inputs.DropoutKey(sequence, head, row) : 0;
            var logSumExp = S.Create(scratch.LogSumExp[row]);
            var product = S.Create(scratch.Products[row]);
            var lanes = S.Load(scratch.LaneIndices);
            for (var key = 0; key < count; key += S.Count)
            {
                var p = SimdMath.Exp<S, V>(S.Subtract(S.Load(scores + key), logSumExp));
                var dropped = p;
                var gradient = S.Load(gradients + key);
                if (dropout > 0f)
                {
                    var keep = S.Keep((uint)rowKey, (uint)(rowKey >> 32), (uint)(firstKey + key), threshold);
                    keep = S.Multiply(keep, growth);
                    dropped = S.Multiply(keep, p);
                    gradient = S.Multiply(keep, gradient);
                }
                gradient = S.Multiply(p, S.Subtract(gradient, product));
                if (key + S.Count > count)
                {
                    var left = S.Create(count - key);
                    dropped = S.SelectGreater(left, lanes, dropped, S.Zero);
                    gradient = S.SelectGreater(left, lanes, gradient, S.Zero);
                }
                S.Store(scores + key, dropped);
                S.Store(gradients + key, gradient);
            }
            for (var key = RoundUp(count, S.Count); key < PageLength; key += S.Count)
            {
                S.Store(scores + key, S.Zero);
                S.Store(gradients + key, S.Zero);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void WriteKeyGradients<S, V>(in BackwardScratch scratch, int sequence, int head, int firstKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var page = (sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
            var keyGradient = KeyGradientPages[page] + (head * shape.HeadSize);
            var valueGradient = ValueGradientPages[page] + (head * shape.HeadSize);
            var keys = Math.Min(PageLength, shape.KeyLength - firstKey);
            for (var key = 0; key < keys; key++)
            {
                UnpackRow<S, V>(
                    scratch.KeyGradient + (key * scratch.Width), shape.HeadSize, keyGradient + ((long)key * shape.KeyStride), 1f);
                UnpackRow<S, V>(
                    scratch.ValueGradient + (key * scratch.Width), shape.HeadSize, valueGradient + ((long)key * shape.ValueStride), 1f);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void WriteQueryGradients<S, V>(in BackwardScratch scratch, int sequence, int head)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            for (var row = 0; row < Inputs.RowCount; row++)
            {
                var (position, queryHead) = Inputs.Locate(sequence, head, row);
                var gradient = QueryGradient + (position * shape.QueryStride) + (queryHead * shape.HeadSize);
                UnpackRow<S, V>(scratch.QueryGradient + ((long)row * scratch.Width), shape.HeadSize, gradient, 1f);
            }
        }
    }

    /// <summary>The inner product, lane by lane and then across.</summary>
    private static float Dot<S, V>(float* a, float* b, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        var sums = S.Zero;
        for (var i = 0; i < count; i += S.Count)
        {
            var left = Math.Min(S.Count, count - i);
            sums = S.MultiplyAdd(S.LoadPartial(a + i, left), S.LoadPartial(b + i, left), sums);
        }
        return S.Sum(sums);
    }
}

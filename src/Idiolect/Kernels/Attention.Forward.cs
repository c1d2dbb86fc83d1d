using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The forward pass: one part a (query tile, sequence, key-value head).</content>
internal static unsafe partial class Attention
{
    /// <summary>Floats of scratch that one worker needs in the forward pass, in registers of <paramref name="lanes"/>.</summary>
    internal static long ForwardScratchCount(in AttentionShape shape, int lanes) => new ForwardScratch(null, shape, lanes).Count;

    /// <summary>The scratch of one part. Independent of the lengths.</summary>
    private readonly struct ForwardScratch
    {
        internal ForwardScratch(float* start, in AttentionShape shape, int lanes)
        {
            const int Rows = ForwardJob.QueryTile;
            Width = RoundUp(shape.HeadSize, 2 * lanes);
            Query = start;
            Accumulator = Query + (Rows * Width);
            Keys = Accumulator + (Rows * Width);
            Values = Keys + (shape.HeadSize * PageLength);
            Scores = Values + (PageLength * Width);
            Sums = Scores + (Rows * PageLength);
            Maxima = Sums + (Rows * lanes);
            LaneIndices = Maxima + Rows;
            Count = LaneIndices + lanes - start;
        }

        /// <summary>The head size rounded up to whole micro-kernels.</summary>
        internal readonly int Width;

        // (query tile, width): scaled queries
        internal readonly float* Query;

        // (query tile, width): sum of exp(score - maximum) * value
        internal readonly float* Accumulator;

        // (head size, page length)
        internal readonly float* Keys;

        // (page length, width)
        internal readonly float* Values;

        // (query tile, page length): scores, then exp(score - maximum)
        internal readonly float* Scores;

        // (query tile, lanes): sums of exp(score - maximum), lane by lane
        internal readonly float* Sums;

        // (query tile): the largest score so far
        internal readonly float* Maxima;

        // (lanes): 0, 1, 2, ...
        internal readonly float* LaneIndices;

        internal readonly long Count;
    }

    private struct ForwardJob : IJob
    {
        /// <summary>Rows of a part: enough to repay the packing of each key tile.</summary>
        internal const int QueryTile = 16 * RowBlock;

        internal Inputs Inputs;
        internal float* Output;
        internal float* LogSumExp;
        internal int TileCount;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var (tile, pair) = Math.DivRem(part, shape.Batch * shape.KeyValueHeadCount);
            var (sequence, head) = Math.DivRem(pair, shape.KeyValueHeadCount);

            // In causal attention the last tile sees the most keys: the longest parts go first.
            var firstRow = (TileCount - 1 - tile) * QueryTile;
            var rows = Math.Min(QueryTile, Inputs.RowCount - firstRow);
            var scratch = new ForwardScratch(worker.Scratch(ForwardScratchCount(shape, S.Count)), shape, S.Count);
            Prepare<S, V>(scratch, sequence, head, firstRow, rows);

            var keys = Inputs.VisibleKeys(sequence, firstRow + rows - 1);
            for (var firstKey = 0; firstKey < keys; firstKey += PageLength)
            {
                var page = (sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
                var keysHere = Math.Min(PageLength, keys - firstKey);
                var headOffset = head * shape.HeadSize;
                PackTransposed(Inputs.KeyPages[page] + headOffset, shape.KeyStride, keysHere, shape.HeadSize, scratch.Keys);
                PackRows<S, V>(
                    Inputs.ValuePages[page] + headOffset, shape.ValueStride, keysHere, shape.HeadSize, scratch.Values, scratch.Width, 1f);
                Attend<S, V>(scratch, sequence, head, firstRow, rows, firstKey, keysHere);
            }
            Finish<S, V>(scratch, sequence, head, firstRow, rows);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Prepare<S, V>(in ForwardScratch scratch, int sequence, int head, int firstRow, int rows)
            where S : struct, ISimd<V>
            where V : struct
        {
            var width = scratch.Width;
            for (var row = 0; row < rows; row++)
            {
                var (position, queryHead) = Inputs.Locate(sequence, head, firstRow + row);
                var query = Inputs.Query + (position * Inputs.Shape.QueryStride) + (queryHead * Inputs.Shape.HeadSize);
                PackRow<S, V>(query, Inputs.Shape.HeadSize, scratch.Query + (row * width), width, Inputs.Shape.Scale);
            }
            var blocks = RoundUp(rows, RowBlock);
            new Span<float>(scratch.Query + (rows * width), (blocks - rows) * width).Clear();
            new Span<float>(scratch.Accumulator, blocks * width).Clear();
            new Span<float>(scratch.Sums, rows * S.Count).Clear();
            new Span<float>(scratch.Maxima, rows).Fill(float.MinValue);
            for (var lane = 0; lane < S.Count; lane++)
            {
                scratch.LaneIndices[lane] = lane;
            }
        }

        /// <summary>
        /// A query tile against a key tile, each row block only as far as its last row sees. Two loops, so that in each the
        /// one packed operand that all row blocks read stays in the first-level cache.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Attend<S, V>(
            in ForwardScratch scratch, int sequence, int head, int firstRow, int rows, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            var width = scratch.Width;
            for (var row = 0; row < rows; row += RowBlock)
            {
                var block = Math.Min(RowBlock, rows - row);
                var visible = Inputs.VisibleKeys(sequence, firstRow + row + block - 1, firstKey, keys);
                MultiplyBlock<S, V>(
                    block, RoundUp(visible, ColumnBlock<S, V>()), Inputs.Shape.HeadSize, scratch.Query + (row * width), width, 1,
                    scratch.Keys, PageLength, scratch.Scores + (row * PageLength), PageLength, accumulate: false);
            }
            for (var row = 0; row < rows; row += RowBlock)
            {
                var block = Math.Min(RowBlock, rows - row);
                var visible = Inputs.VisibleKeys(sequence, firstRow + row + block - 1, firstKey, keys);
                var scores = scratch.Scores + (row * PageLength);
                for (var i = 0; i < block; i++)
                {
                    Normalise<S, V>(scratch, sequence, head, firstRow, row + i, scores + (i * PageLength), firstKey, visible);
                }
                MultiplyBlock<S, V>(
                    block, width, visible, scores, PageLength, 1,
                    scratch.Values, width, scratch.Accumulator + (row * width), width, accumulate: true);
            }
        }

        /// <summary>Softmax and dropout of one row, and zeros for the keys that only other rows of its block see.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Normalise<S, V>(
            in ForwardScratch scratch, int sequence, int head, int firstRow, int row, float* scores, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            var visible = Inputs.VisibleKeys(sequence, firstRow + row, firstKey, keys);
            OnlineSoftmax<S, V>(scratch, row, scores, visible);
            for (var key = RoundUp(visible, S.Count); key < keys; key += S.Count)
            {
                S.Store(scores + key, S.Zero);
            }
            if (Inputs.Shape.DropoutProbability > 0f)
            {
                var rowKey = Inputs.DropoutKey(sequence, head, firstRow + row);
                Drop<S, V>(scores, visible, rowKey, (uint)firstKey, CounterRandom.DropThreshold(Inputs.Shape.DropoutProbability));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Finish<S, V>(in ForwardScratch scratch, int sequence, int head, int firstRow, int rows)
            where S : struct, ISimd<V>
            where V : struct
        {
            for (var row = 0; row < rows; row++)
            {
                var sum = S.Sum(S.Load(scratch.Sums + (row * S.Count)));
                var seesNothing = sum == 0f;
                var (position, queryHead) = Inputs.Locate(sequence, head, firstRow + row);
                UnpackRow<S, V>(
                    scratch.Accumulator + (row * scratch.Width),
                    Inputs.Shape.HeadSize,
                    Output + (position * Inputs.Shape.OutputStride) + (queryHead * Inputs.Shape.HeadSize),
                    seesNothing ? 0f : 1f / (sum * (1f - Inputs.Shape.DropoutProbability)));
                if (LogSumExp != null)
                {
                    LogSumExp[Inputs.StatisticsIndex(sequence, head, firstRow + row)] =
                        seesNothing ? float.NegativeInfinity : scratch.Maxima[row] + MathF.Log(sum);
                }
            }
        }
    }

    /// <summary>
    /// Turns the first <paramref name="count"/> scores of a row into exp(score - maximum), with 0 up to the next whole
    /// register, and brings the row's maximum, sum and accumulator up to date (Milakov and Gimelshein 2018).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OnlineSoftmax<S, V>(in ForwardScratch scratch, int row, float* scores, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        if (count == 0)
        {
            return;
        }
        var whole = count - (count % S.Count);
        var maxima = S.Create(float.MinValue);
        for (var key = 0; key < whole; key += S.Count)
        {
            maxima = S.Max(maxima, S.Load(scores + key));
        }
        var left = S.Create(count - whole);
        var lanes = S.Load(scratch.LaneIndices);
        if (whole < count)
        {
            maxima = S.Max(maxima, S.SelectGreater(left, lanes, S.Load(scores + whole), S.Create(float.MinValue)));
        }

        var sums = S.Load(scratch.Sums + (row * S.Count));
        var before = scratch.Maxima[row];
        var maximum = MathF.Max(before, S.MaxAcross(maxima));
        if (maximum > before)
        {
            var shrink = SimdMath.Exp<S, V>(S.Create(before - maximum));
            var accumulator = scratch.Accumulator + (row * scratch.Width);
            for (var column = 0; column < scratch.Width; column += S.Count)
            {
                S.Store(accumulator + column, S.Multiply(shrink, S.Load(accumulator + column)));
            }
            sums = S.Multiply(shrink, sums);
            scratch.Maxima[row] = maximum;
        }

        maxima = S.Create(maximum);
        for (var key = 0; key < whole; key += S.Count)
        {
            var p = SimdMath.Exp<S, V>(S.Subtract(S.Load(scores + key), maxima));
            sums = S.Add(sums, p);
            S.Store(scores + key, p);
        }
        if (whole < count)
        {
            var p = SimdMath.Exp<S, V>(S.Subtract(S.Load(scores + whole), maxima));
            p = S.SelectGreater(left, lanes, p, S.Zero);
            sums = S.Add(sums, p);
            S.Store(scores + whole, p);
        }
        S.Store(scratch.Sums + (row * S.Count), sums);
    }

    /// <summary>Sets the dropped ones of <paramref name="count"/> probabilities to 0. Writes whole registers.</summary>
    private static void Drop<S, V>(float* probabilities, int count, ulong rowKey, uint firstKey, uint threshold)
        where S : struct, ISimd<V>
        where V : struct
    {
        for (var key = 0; key < count; key += S.Count)
        {
            var keep = S.Keep((uint)rowKey, (uint)(rowKey >> 32), firstKey + (uint)key, threshold);
            S.Store(probabilities + key, S.Multiply(keep, S.Load(probabilities + key)));
        }
    }
}

using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <content>
/// The backward pass (Dao et al. 2022, algorithm 4): one part a (chunk of keys, sequence, key-value head), which goes through
/// the query tiles and, for each, through the pages of its chunk, so that every sum has one owner and a fixed order. What
/// several chunks contribute to a query's gradient is summed in a second pass.
/// </content>
internal static unsafe partial class Attention
{
    private partial struct BackwardJob : IJob
    {
        /// <summary>Query rows of a tile.</summary>
        internal const int TileRows = 64;

        internal Inputs Inputs;
        internal float* Output;
        internal float* LogSumExp;
        internal float* OutputGradient;
        internal float* QueryGradient;
        internal float** KeyGradientPages;
        internal float** ValueGradientPages;

        private KeyChunks _chunks;
        private float* _partial; // (chunks, batch, query length, heads, head size), or null where there is one chunk

        internal void Run(Team team)
        {
            _chunks = new KeyChunks(Inputs.Shape);
            var parts = _chunks.Count * _chunks.Pairs;
            var work = team.Clock == null ? default : Inputs.Work(backward: true);
            if (_chunks.Count == 1)
            {
                team.Run(this, parts, work);
                return;
            }
            using var hold = team.HoldSharedScratch();
            _partial = team.SharedScratch(_chunks.Count * PartialStride);
            team.Run(this, parts, work);
            team.Run(new QueryGradientSum { Job = this }, _chunks.Pairs * TileCount);
        }

        /// <summary>Floats of one chunk's contribution to the queries' gradients.</summary>
        private readonly long PartialStride
            => (long)Inputs.Shape.Batch * Inputs.Shape.QueryLength * Inputs.Shape.HeadCount * Inputs.Shape.HeadSize;

        private readonly int TileCount => CeilingDivide(Inputs.RowCount, TileRows);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var (pair, chunk) = Math.DivRem(part, _chunks.Count);
            var (sequence, head) = Math.DivRem(pair, shape.KeyValueHeadCount);
            var scratch = new BackwardScratch(worker.Scratch(BackwardScratchCount(shape, S.Count)), shape, _chunks, S.Count);
            var firstKey = chunk * _chunks.Length;
            var queryGradient = _partial == null ? QueryGradient : _partial + (chunk * PartialStride);
            var stride = _partial == null ? shape.QueryStride : shape.HeadCount * shape.HeadSize;
            PrepareKeys<S, V>(scratch, sequence, head, firstKey);
            for (var index = 0; index < TileCount; index++)
            {
                var tile = TileOf(sequence, head, index, S.Count);
                var keys = KeysSeen(tile, chunk);
                if (keys > 0 || _partial == null)
                {
                    PrepareTile<S, V>(scratch, tile);
                    for (var key = 0; key < keys; key += PageLength)
                    {
                        if (key + PageLength >= keys)
                        {
                            PrefetchNext(part, tile, index, queryGradient, stride);
                        }
                        DifferentiateTile<S, V>(scratch, tile, firstKey, key, Math.Min(PageLength, keys - key));
                    }
                    for (var panel = 0; panel < tile.Panels; panel++)
                    {
                        UnpackPanel(Inputs, tile, panel, scratch.QueryGradient + (panel * scratch.PanelSize), scratch.Factors, queryGradient, stride);
                    }
                }
            }
            WriteKeyGradients<S, V>(scratch, sequence, head, firstKey);
        }

        private readonly QueryTile TileOf(int sequence, int head, int index, int lanes)
            => new(sequence, head, index * TileRows, Math.Min(TileRows, Inputs.RowCount - (index * TileRows)), lanes);

        /// <summary>Asks for the rows of the queries' gradients that the tile writes, and for what the next one, or the next part, reads first.</summary>
        private readonly void PrefetchNext(int part, in QueryTile tile, int index, float* queryGradient, long stride)
        {
            for (var panel = 0; panel < tile.Panels; panel++)
            {
                PrefetchPanel(Inputs, tile, panel, queryGradient, stride);
            }
            if (index + 1 < TileCount)
            {
                PrefetchTile(TileOf(tile.Sequence, tile.Head, index + 1, tile.Lanes));
            }
            else if (part + 1 < _chunks.Count * _chunks.Pairs)
            {
                var (pair, chunk) = Math.DivRem(part + 1, _chunks.Count);
                var (sequence, head) = Math.DivRem(pair, Inputs.Shape.KeyValueHeadCount);
                PrefetchPage(sequence, head, chunk * _chunks.Length);
                var first = _partial == null ? 0 : Inputs.FirstRowSeeing(sequence, chunk * _chunks.Length) / TileRows;
                PrefetchTile(TileOf(sequence, head, Math.Min(first, TileCount - 1), tile.Lanes));
            }
        }

        private readonly void PrefetchTile(in QueryTile tile)
        {
            ref readonly var shape = ref Inputs.Shape;
            for (var panel = 0; panel < tile.Panels; panel++)
            {
                PrefetchPanel(Inputs, tile, panel, Inputs.Query, shape.QueryStride);
                PrefetchPanel(Inputs, tile, panel, OutputGradient, shape.OutputStride);
                PrefetchPanel(Inputs, tile, panel, Output, shape.OutputStride);
            }
        }

        private readonly void PrefetchPage(int sequence, int head, int firstKey)
        {
            ref readonly var shape = ref Inputs.Shape;
            var keys = Math.Min(PageLength, Inputs.KeyLengths[sequence] - firstKey);
            if (keys > 0)
            {
                var page = (sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
                PrefetchRows(Inputs.KeyPages[page] + (head * shape.HeadSize), shape.KeyStride, keys, shape.HeadSize);
                PrefetchRows(Inputs.ValuePages[page] + (head * shape.HeadSize), shape.KeyStride, keys, shape.HeadSize);
            }
        }

        /// <summary>How many keys of a chunk, from its first, the tile's last row sees.</summary>
        private readonly int KeysSeen(in QueryTile tile, int chunk)
            => Inputs.VisibleKeys(tile.Sequence, tile.FirstRow + tile.Rows - 1, chunk * _chunks.Length, _chunks.Length);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void PrepareKeys<S, V>(in BackwardScratch scratch, int sequence, int head, int firstKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var offset = head * shape.HeadSize;
            var end = Math.Min(firstKey + _chunks.Length, Inputs.KeyLengths[sequence]);
            for (var key = firstKey; key < end; key += PageLength)
            {
                var page = (sequence * Inputs.PagesPerSequence) + (key / PageLength);
                var keys = Math.Min(PageLength, end - key);
                var to = (long)(key - firstKey) * scratch.KeyStride;
                PackRows<S, V>(Inputs.KeyPages[page] + offset, shape.KeyStride, keys, shape.HeadSize, scratch.Keys + to, scratch.KeyStride);
                PackRows<S, V>(Inputs.ValuePages[page] + offset, shape.KeyStride, keys, shape.HeadSize, scratch.Values + to, scratch.KeyStride);
            }
            for (var key = 0; key < _chunks.Length; key++)
            {
                new Span<float>(scratch.KeyGradient + ((long)key * scratch.Width), scratch.Width).Clear();
                new Span<float>(scratch.ValueGradient + ((long)key * scratch.Width), scratch.Width).Clear();
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void PrepareTile<S, V>(in BackwardScratch scratch, in QueryTile tile)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            FillColumns(Inputs, tile, scratch.Visible, scratch.DropKeys0, scratch.DropKeys1);
            for (var panel = 0; panel < tile.Panels; panel++)
            {
                var to = panel * scratch.PanelSize;
                PackPanel(Inputs, tile, panel, Inputs.Query, shape.QueryStride, shape.Scale * Log2E, scratch.Query + to);
                PackPanel(Inputs, tile, panel, OutputGradient, shape.OutputStride, 1f, scratch.OutputGradient + to);
            }
            new Span<float>(scratch.QueryGradient, tile.Panels * scratch.PanelSize).Clear();
            for (var row = 0; row < tile.Rows; row++)
            {
                var gradient = scratch.OutputGradientRows + (row * scratch.Width);
                PackRow<S, V>(
                    Inputs.Row(tile, Inputs.Query, shape.QueryStride, row), shape.HeadSize, scratch.QueryRows + (row * scratch.Width),
                    scratch.Width);
                PackRow<S, V>(Inputs.Row(tile, OutputGradient, shape.OutputStride, row), shape.HeadSize, gradient, scratch.Width);
                scratch.Products[row] = Row.Dot<S, V>(Inputs.Row(tile, Output, shape.OutputStride, row), gradient, shape.HeadSize);
                scratch.LogSumExp[row] = LogSumExp[Inputs.StatisticsIndex(tile.Sequence, tile.Head, tile.FirstRow + row)] * Log2E;
                scratch.Factors[row] = shape.Scale;
            }
        }

        /// <summary>Writes all keys of the chunk that exist, padding included.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void WriteKeyGradients<S, V>(in BackwardScratch scratch, int sequence, int head, int firstKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var offset = head * shape.HeadSize;
            var keys = Math.Min(_chunks.Length, shape.KeyLength - firstKey);
            for (var key = 0; key < keys; key++)
            {
                var page = (sequence * Inputs.PagesPerSequence) + ((firstKey + key) / PageLength);
                var row = key % PageLength;
                PrefetchRows(KeyGradientPages[page] + ((long)(row + RowsAhead) * shape.KeyStride) + offset, 0, 1, shape.HeadSize);
                PrefetchRows(ValueGradientPages[page] + ((long)(row + RowsAhead) * shape.KeyStride) + offset, 0, 1, shape.HeadSize);
                UnpackRow<S, V>(
                    scratch.KeyGradient + ((long)key * scratch.Width), shape.HeadSize,
                    KeyGradientPages[page] + ((long)row * shape.KeyStride) + offset, shape.Scale);
                UnpackRow<S, V>(
                    scratch.ValueGradient + ((long)key * scratch.Width), shape.HeadSize,
                    ValueGradientPages[page] + ((long)row * shape.KeyStride) + offset, 1f);
            }
        }

        /// <summary>The gradient of each query row: the contributions of the chunks that it may see, in order.</summary>
        private struct QueryGradientSum : IJob
        {
            internal BackwardJob Job;

            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            public readonly void Execute<S, V>(int part, in Worker worker)
                where S : struct, ISimd<V>
                where V : struct
            {
                ref readonly var shape = ref Job.Inputs.Shape;
                var (pair, index) = Math.DivRem(part, Job.TileCount);
                var (sequence, head) = Math.DivRem(pair, shape.KeyValueHeadCount);
                var tile = Job.TileOf(sequence, head, index, S.Count);
                var chunks = 0;
                while (chunks < Job._chunks.Count && Job.KeysSeen(tile, chunks) > 0)
                {
                    chunks++;
                }
                for (var row = 0; row < tile.Rows; row++)
                {
                    var from = Job.Inputs.Row(tile, Job._partial, shape.HeadCount * shape.HeadSize, row);
                    var to = Job.Inputs.Row(tile, Job.QueryGradient, shape.QueryStride, row);
                    for (var column = 0; column < shape.HeadSize; column += S.Count)
                    {
                        var count = Math.Min(S.Count, shape.HeadSize - column);
                        var sum = S.Zero;
                        for (var chunk = 0; chunk < chunks; chunk++)
                        {
                            sum = S.Add(sum, S.LoadPartial(from + (chunk * Job.PartialStride) + column, count));
                        }
                        S.StorePartial(to + column, sum, count);
                    }
                }
            }
        }
    }
}

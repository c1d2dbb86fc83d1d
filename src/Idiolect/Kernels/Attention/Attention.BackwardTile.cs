using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <content>
/// What one query tile and one page of keys contribute to each other's gradients. With P the probabilities, O the output and
/// D = rowsum(dO ∘ O): dV = P' dO, dP = dO V', dS = P ∘ (dP - D), dQ = dS K, dK = dS' Q.
/// </content>
internal static unsafe partial class Attention
{
    private partial struct BackwardJob
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void DifferentiateTile<S, V>(in BackwardScratch scratch, in QueryTile tile, int chunkStart, int key, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            const int Stride = BackwardScratch.ProbabilityStride;
            ref readonly var shape = ref Inputs.Shape;
            var width = tile.PanelWidth;
            var firstKey = chunkStart + key;
            var keysAndValues = (long)key * scratch.KeyStride;
            var scores = new Product
            {
                A = scratch.Keys + keysAndValues, // (keys, head size)
                ARow = scratch.KeyStride,
                AStep = 1,
                BRow = width,
                CRow = Stride,
                Steps = shape.HeadSize,
            };
            var queryGradients = new Product
            {
                A = scratch.Keys + keysAndValues, // (head size, keys)
                ARow = 1,
                AStep = scratch.KeyStride,
                BRow = Stride,
                CRow = width,
            };
            for (var panel = 0; panel < tile.Panels; panel++)
            {
                var (seenByFirst, seen) = tile.Seen(Inputs, panel, firstKey, keys);
                var columns = tile.Columns(panel);
                var probabilities = scratch.Probabilities + (panel * width);
                var gradients = scratch.ScoreGradient + (panel * width);
                if (seen > 0)
                {
                    scores.A = scratch.Keys + keysAndValues;
                    scores.B = scratch.Query + (panel * scratch.PanelSize);
                    scores.C = probabilities;
                    MultiplyRows<S, V>(scores, seenByFirst, seen, columns);
                    scores.A = scratch.Values + keysAndValues;
                    scores.B = scratch.OutputGradient + (panel * scratch.PanelSize);
                    scores.C = gradients;
                    MultiplyRows<S, V>(scores, seenByFirst, seen, columns);
                }
                for (var column = 0; column < columns; column += tile.PairWidth)
                {
                    DifferentiatePair<S, V>(scratch, tile, (panel * width) + column, firstKey, keys);
                }
                if (seen > 0)
                {
                    queryGradients.B = gradients;
                    queryGradients.C = scratch.QueryGradient + (panel * scratch.PanelSize);
                    AddSteps<S, V>(queryGradients, shape.HeadSize, seenByFirst, seen, columns);
                }
            }
            var sums = (long)key * scratch.Width;
            AddRows<S, V>(tile, firstKey, keys, scratch.Probabilities, scratch.OutputGradientRows, scratch.ValueGradient + sums, scratch.Width);
            AddRows<S, V>(tile, firstKey, keys, scratch.ScoreGradient, scratch.QueryRows, scratch.KeyGradient + sums, scratch.Width);
        }

        /// <summary>
        /// sums (keys, width) += weights (keys, rows) · rows (rows, width), for some keys at a time over the rows that see the
        /// first of them.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void AddRows<S, V>(in QueryTile tile, int firstKey, int keys, float* weights, float* rows, float* sums, int width)
            where S : struct, ISimd<V>
            where V : struct
        {
            const int Stride = BackwardScratch.ProbabilityStride;
            var keysAtATime = tile.Visible(Inputs, 0, firstKey, keys).All == keys ? keys : 12;
            for (var key = 0; key < keys; key += keysAtATime)
            {
                var start = Math.Max(0, Inputs.FirstRowSeeing(tile.Sequence, firstKey + key) - tile.FirstRow);
                var product = new Product
                {
                    A = weights + (key * Stride) + start,
                    ARow = Stride,
                    AStep = 1,
                    BRow = width,
                    CRow = width,
                    Steps = tile.Rows - start,
                    Accumulate = true,
                };
                for (var column = 0; column < width; column += tile.PanelWidth)
                {
                    product.B = rows + (start * width) + column;
                    product.C = sums + (key * width) + column;
                    Multiply<S, V>(product, Math.Min(keysAtATime, keys - key), Math.Min(tile.PanelWidth, width - column));
                }
            }
        }

        /// <summary>
        /// Of the pair of registers that starts at a column of the tile: scores become probabilities, the probabilities' gradients those of the scores.
        /// </summary>
        private readonly void DifferentiatePair<S, V>(in BackwardScratch scratch, in QueryTile tile, int column, int firstKey, int keys)
            where S : struct, ISimd<V>
            where V : struct
        {
            const int Stride = BackwardScratch.ProbabilityStride;
            var (all, any) = tile.Visible(Inputs, column, firstKey, keys);
            var probabilities = scratch.Probabilities + column;
            var gradients = scratch.ScoreGradient + column;
            var dropout = Inputs.Shape.DropoutProbability;
            if (dropout > 0f)
            {
                Drop<S, V>(
                    gradients, Stride, any, (uint)firstKey, scratch.DropKeys0 + column, scratch.DropKeys1 + column,
                    CounterRandom.DropThreshold(dropout), 1f / (1f - dropout));
            }
            DifferentiateSoftmax<S, V>(
                probabilities, gradients, scratch.LogSumExp + column, scratch.Products + column, scratch.Visible + column, firstKey, all, any);
            if (dropout > 0f)
            {
                Drop<S, V>(
                    probabilities, Stride, any, (uint)firstKey, scratch.DropKeys0 + column, scratch.DropKeys1 + column,
                    CounterRandom.DropThreshold(dropout), 1f / (1f - dropout));
            }
            // Read, where other rows see more: as zeros.
            for (var row = any; row < RoundUp(keys, RowMultiple); row++)
            {
                S.Store(probabilities + (row * Stride), S.Zero);
                S.Store(probabilities + (row * Stride) + S.Count, S.Zero);
                S.Store(gradients + (row * Stride), S.Zero);
                S.Store(gradients + (row * Stride) + S.Count, S.Zero);
            }
        }
    }

    /// <summary>
    /// From a pair's scores and the gradients of its probabilities to the probabilities and the gradients of the scores, for
    /// the first <paramref name="any"/> keys; 0 for the rows that do not see a key.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DifferentiateSoftmax<S, V>(
        float* scores, float* gradients, float* logSumExp, float* products, float* visible, int firstKey, int all, int any)
        where S : struct, ISimd<V>
        where V : struct
    {
        const int Stride = BackwardScratch.ProbabilityStride;
        var (sum0, sum1) = (S.Load(logSumExp), S.Load(logSumExp + S.Count));
        var (product0, product1) = (S.Load(products), S.Load(products + S.Count));
        for (var key = 0; key < all; key++, scores += Stride, gradients += Stride)
        {
            var p0 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(scores), sum0));
            var p1 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(scores + S.Count), sum1));
            S.Store(scores, p0);
            S.Store(scores + S.Count, p1);
            S.Store(gradients, S.Multiply(p0, S.Subtract(S.Load(gradients), product0)));
            S.Store(gradients + S.Count, S.Multiply(p1, S.Subtract(S.Load(gradients + S.Count), product1)));
        }
        var (visible0, visible1) = (S.Load(visible), S.Load(visible + S.Count));
        for (var key = all; key < any; key++, scores += Stride, gradients += Stride)
        {
            var position = S.Create(firstKey + key);
            var p0 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(scores), sum0));
            var p1 = SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(scores + S.Count), sum1));
            p0 = S.SelectGreater(visible0, position, p0, S.Zero);
            p1 = S.SelectGreater(visible1, position, p1, S.Zero);
            S.Store(scores, p0);
            S.Store(scores + S.Count, p1);
            S.Store(gradients, S.Multiply(p0, S.Subtract(S.Load(gradients), product0)));
            S.Store(gradients + S.Count, S.Multiply(p1, S.Subtract(S.Load(gradients + S.Count), product1)));
        }
    }
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>
/// One query row by itself, as in decoding: a panel would be almost empty. The same operations in the same order as in a tile,
/// so the same bits, but registers run along keys and along the head instead of along query rows.
/// </content>
internal static unsafe partial class Attention
{
    private partial struct ForwardJob
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void AttendRow<S, V>(in ForwardScratch scratch, in QueryTile tile)
            where S : struct, ISimd<V>
            where V : struct
        {
            ref readonly var shape = ref Inputs.Shape;
            var query = scratch.Query; // (head size)
            var accumulator = scratch.Accumulator; // (head size)
            var scores = scratch.Scores; // (page length)
            UnpackRow<S, V>(Inputs.Row(tile, Inputs.Query, shape.QueryStride, 0), shape.HeadSize, query, shape.Scale * Log2E);
            new Span<float>(accumulator, shape.HeadSize).Clear();
            var (maximum, sum) = (float.MinValue, 0f);
            var keys = Inputs.VisibleKeys(tile.Sequence, tile.FirstRow);
            for (var firstKey = 0; firstKey < keys; firstKey += PageLength)
            {
                var count = Math.Min(PageLength, keys - firstKey);
                var page = (tile.Sequence * Inputs.PagesPerSequence) + (firstKey / PageLength);
                ScoreRow(query, Inputs.KeyPages[page] + (tile.Head * shape.HeadSize), shape.KeyStride, count, shape.HeadSize, scores);
                OnlineSoftmaxRow<S, V>(scores, count, ref maximum, ref sum, accumulator, shape.HeadSize);
                if (shape.DropoutProbability > 0f)
                {
                    DropRow<S, V>(tile, scores, count, (uint)firstKey);
                }
                AddValues<S, V>(scores, Inputs.ValuePages[page] + (tile.Head * shape.HeadSize), shape.KeyStride, count, accumulator, shape.HeadSize);
            }
            UnpackRow<S, V>(
                accumulator, shape.HeadSize, Inputs.Row(tile, Output, shape.OutputStride, 0), OutputFactor(tile, 0, maximum, sum));
        }

        private readonly void DropRow<S, V>(in QueryTile tile, float* probabilities, int count, uint firstKey)
            where S : struct, ISimd<V>
            where V : struct
        {
            var rowKey = Inputs.DropoutKey(tile.Sequence, tile.Head, tile.FirstRow);
            var threshold = CounterRandom.DropThreshold(Inputs.Shape.DropoutProbability);
            for (var key = 0; key < count; key += S.Count)
            {
                var keep = S.Keep((uint)rowKey, (uint)(rowKey >> 32), firstKey + (uint)key, threshold);
                S.Store(probabilities + key, S.Multiply(keep, S.Load(probabilities + key)));
            }
        }
    }

    /// <summary>scores (keys) = keys (keys, head size) · query (head size): eight chains at a time, each along the head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreRow(float* query, float* keys, nint stride, int count, int headSize, float* scores)
    {
        for (var key = 0; key < count; key += 8)
        {
            // Past the last key the last one is read again; there is room for its score.
            var last = count - 1 - key;
            var k0 = keys + (key * stride);
            var k1 = k0 + (Math.Min(1, last) * stride);
            var k2 = k0 + (Math.Min(2, last) * stride);
            var k3 = k0 + (Math.Min(3, last) * stride);
            var k4 = k0 + (Math.Min(4, last) * stride);
            var k5 = k0 + (Math.Min(5, last) * stride);
            var k6 = k0 + (Math.Min(6, last) * stride);
            var k7 = k0 + (Math.Min(7, last) * stride);
            float s0 = 0f, s1 = 0f, s2 = 0f, s3 = 0f, s4 = 0f, s5 = 0f, s6 = 0f, s7 = 0f;
            for (nint i = 0; i < headSize; i++)
            {
                var q = query[i];
                s0 = float.MultiplyAddEstimate(q, k0[i], s0);
                s1 = float.MultiplyAddEstimate(q, k1[i], s1);
                s2 = float.MultiplyAddEstimate(q, k2[i], s2);
                s3 = float.MultiplyAddEstimate(q, k3[i], s3);
                s4 = float.MultiplyAddEstimate(q, k4[i], s4);
                s5 = float.MultiplyAddEstimate(q, k5[i], s5);
                s6 = float.MultiplyAddEstimate(q, k6[i], s6);
                s7 = float.MultiplyAddEstimate(q, k7[i], s7);
            }
            var to = scores + key;
            (to[0], to[1], to[2], to[3]) = (s0, s1, s2, s3);
            (to[4], to[5], to[6], to[7]) = (s4, s5, s6, s7);
        }
    }

    /// <summary>As <see cref="OnlineSoftmax"/>; writes whole registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnlineSoftmaxRow<S, V>(float* scores, int count, ref float maximum, ref float sum, float* accumulator, int headSize)
        where S : struct, ISimd<V>
        where V : struct
    {
        var before = maximum;
        for (var key = 0; key < count; key++)
        {
            maximum = SimdScalar.Max(maximum, scores[key]);
        }
        if (maximum > before)
        {
            var shrink = SimdMath.PowerOfTwo<SimdScalar, float>(before - maximum);
            sum = shrink * sum;
            UnpackRow<S, V>(accumulator, headSize, accumulator, shrink);
        }
        var maxima = S.Create(maximum);
        for (var key = 0; key < count; key += S.Count)
        {
            S.Store(scores + key, SimdMath.PowerOfTwo<S, V>(S.Subtract(S.Load(scores + key), maxima)));
        }
        for (var key = 0; key < count; key++)
        {
            sum += scores[key];
        }
    }

    /// <summary>sums (head size) += probabilities (keys) · values (keys, head size).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddValues<S, V>(float* probabilities, float* values, nint stride, int count, float* sums, int headSize)
        where S : struct, ISimd<V>
        where V : struct
    {
        var column = 0;
        for (; column <= headSize - (4 * S.Count); column += 4 * S.Count)
        {
            var value = values + column;
            var to = sums + column;
            var (c0, c1, c2, c3) = LoadFour<S, V>(to);
            for (var key = 0; key < count; key++, value += stride)
            {
                var (v0, v1, v2, v3) = LoadFour<S, V>(value);
                MultiplyAddFour<S, V>(probabilities[key], v0, v1, v2, v3, ref c0, ref c1, ref c2, ref c3);
            }
            StoreFour<S, V>(to, c0, c1, c2, c3);
        }
        for (; column <= headSize - S.Count; column += S.Count)
        {
            AddValueColumns<S, V>(probabilities, values + column, stride, count, sums + column);
        }
        for (; column < headSize; column++)
        {
            AddValueColumns<SimdScalar, float>(probabilities, values + column, stride, count, sums + column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddValueColumns<S, V>(float* probabilities, float* values, nint stride, int count, float* sums)
        where S : struct, ISimd<V>
        where V : struct
    {
        var sum = S.Load(sums);
        for (var key = 0; key < count; key++, values += stride)
        {
            sum = S.MultiplyAdd(S.Load(values), S.Create(probabilities[key]), sum);
        }
        S.Store(sums, sum);
    }
}

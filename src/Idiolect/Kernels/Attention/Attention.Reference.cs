using System.Numerics;

namespace Idiolect.Kernels;

/// <content>The definition of attention in plain loops, for tests.</content>
internal static unsafe partial class Attention
{
    /// <summary>
    /// Attention of one head: queries (rows, head size), keys and values (keys, head size), all dense;
    /// <c>keep</c> (rows, keys) is the factor of each probability: 0 or 1 / (1 - dropout), or 1 without dropout.
    /// Row i sees the first <c>visible[i]</c> keys. Probabilities (rows, keys) are stored: this one is quadratic.
    /// </summary>
    internal static class Reference
    {
        /// <summary>Fills <paramref name="probabilities"/> (before dropout), <paramref name="output"/> and <paramref name="logSumExp"/>.</summary>
        internal static void Forward<T>(
            int headSize,
            T scale,
            ReadOnlySpan<int> visible,
            ReadOnlySpan<T> query,
            ReadOnlySpan<T> key,
            ReadOnlySpan<T> value,
            ReadOnlySpan<T> keep,
            Span<T> probabilities,
            Span<T> output,
            Span<T> logSumExp)
            where T : struct, IFloatingPointIeee754<T>
        {
            var keys = key.Length / headSize;
            probabilities.Clear();
            output.Clear();
            for (var i = 0; i < visible.Length; i++)
            {
                var p = probabilities.Slice(i * keys, keys);
                var maximum = T.NegativeInfinity;
                for (var j = 0; j < visible[i]; j++)
                {
                    p[j] = scale * Dot(query.Slice(i * headSize, headSize), key.Slice(j * headSize, headSize));
                    maximum = T.Max(maximum, p[j]);
                }
                var sum = T.Zero;
                for (var j = 0; j < visible[i]; j++)
                {
                    p[j] = T.Exp(p[j] - maximum);
                    sum += p[j];
                }
                logSumExp[i] = maximum + T.Log(sum);
                for (var j = 0; j < visible[i]; j++)
                {
                    p[j] /= sum;
                    for (var d = 0; d < headSize; d++)
                    {
                        output[(i * headSize) + d] += keep[(i * keys) + j] * p[j] * value[(j * headSize) + d];
                    }
                }
            }
        }

        /// <summary>Adds to the three gradients, from the probabilities of the forward pass.</summary>
        internal static void Backward<T>(
            int headSize,
            T scale,
            ReadOnlySpan<int> visible,
            ReadOnlySpan<T> query,
            ReadOnlySpan<T> key,
            ReadOnlySpan<T> value,
            ReadOnlySpan<T> keep,
            ReadOnlySpan<T> probabilities,
            ReadOnlySpan<T> outputGradient,
            Span<T> queryGradient,
            Span<T> keyGradient,
            Span<T> valueGradient)
            where T : struct, IFloatingPointIeee754<T>
        {
            var keys = key.Length / headSize;
            var gradient = new T[keys];
            for (var i = 0; i < visible.Length; i++)
            {
                var weighted = T.Zero;
                for (var j = 0; j < visible[i]; j++)
                {
                    var dot = Dot(outputGradient.Slice(i * headSize, headSize), value.Slice(j * headSize, headSize));
                    gradient[j] = keep[(i * keys) + j] * dot;
                    weighted += probabilities[(i * keys) + j] * gradient[j];
                }
                for (var j = 0; j < visible[i]; j++)
                {
                    var p = probabilities[(i * keys) + j];
                    var scoreGradient = scale * p * (gradient[j] - weighted);
                    for (var d = 0; d < headSize; d++)
                    {
                        queryGradient[(i * headSize) + d] += scoreGradient * key[(j * headSize) + d];
                        keyGradient[(j * headSize) + d] += scoreGradient * query[(i * headSize) + d];
                        valueGradient[(j * headSize) + d] += keep[(i * keys) + j] * p * outputGradient[(i * headSize) + d];
                    }
                }
            }
        }

        private static T Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
            where T : struct, IFloatingPointIeee754<T>
        {
            var sum = T.Zero;
            for (var i = 0; i < a.Length; i++)
            {
                sum += a[i] * b[i];
            }
            return sum;
        }
    }
}

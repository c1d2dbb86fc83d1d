using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Dropout (Srivastava et al. 2014), "inverted": kept elements are divided by the probability of keeping them. The mask is
/// a function of the key and the element (see <see cref="CounterRandom"/>) and is never stored.
/// </summary>
internal static unsafe class Dropout
{
    /// <summary>
    /// y = x * mask / (1 - probability). The backward pass is the same call on dy. Each sample has a key of its own, so that
    /// its mask does not depend on which others are in the batch.
    /// </summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">(samples, elementsPerSample).</param>
    /// <param name="y">(samples, elementsPerSample); may alias x.</param>
    /// <param name="samples">The number of samples.</param>
    /// <param name="elementsPerSample">Elements of a sample; at most 2^32.</param>
    /// <param name="probability">The probability of dropping an element, in [0, 1).</param>
    /// <param name="key">The stream of random numbers; sample s uses <c>CounterRandom.Derive(key, firstSample + s)</c>.</param>
    /// <param name="firstSample">The first one's number in whatever the samples are counted in.</param>
    /// <param name="steps">Where rows are time-major: x is (steps, samples, elementsPerSample).</param>
    internal static void Apply(
        Team team, float* x, float* y, int samples, long elementsPerSample, float probability, ulong key, long firstSample = 0, int steps = 1)
    {
        var partsPerSample = Partition.ElementParts(elementsPerSample);
        team.Run(
            new Job
            {
                X = x,
                Y = y,
                Samples = samples,
                FirstSample = firstSample,
                PartsPerSample = partsPerSample,
                ElementsPerSample = elementsPerSample,
                Threshold = CounterRandom.DropThreshold(probability),
                Scale = 1f / (1f - probability),
                Key = key,
            },
            checked(steps * samples * partsPerSample), KernelWork.Moving(2.0 * steps * samples * elementsPerSample));
    }

    private struct Job : IJob
    {
        internal float* X; // (steps, samples, elements per sample)
        internal float* Y; // (steps, samples, elements per sample)
        internal int Samples;
        internal long FirstSample;
        internal int PartsPerSample;
        internal long ElementsPerSample;
        internal uint Threshold;
        internal float Scale;
        internal ulong Key;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (row, block) = Math.DivRem(part, PartsPerSample); // row: of (steps, samples)
            var (step, sample) = Math.DivRem(row, Samples);
            var first = (long)block * Partition.Elements;
            var length = (int)Math.Min(Partition.Elements, ElementsPerSample - first);
            var key = CounterRandom.Derive(Key, (ulong)(FirstSample + sample));
            var (key0, key1) = ((uint)key, (uint)(key >> 32));
            var x = X + (row * ElementsPerSample) + first;
            var y = Y + (row * ElementsPerSample) + first;
            var counter = (step * ElementsPerSample) + first; // the element's number in its sample
            var scale = S.Create(Scale);
            var i = 0;
            for (; i <= length - S.Count; i += S.Count)
            {
                var keep = S.Keep(key0, key1, (uint)(counter + i), Threshold);
                S.Store(y + i, S.Multiply(S.Load(x + i), S.Multiply(keep, scale)));
            }
            if (i < length)
            {
                var keep = S.Keep(key0, key1, (uint)(counter + i), Threshold);
                S.StorePartial(y + i, S.Multiply(S.LoadPartial(x + i, length - i), S.Multiply(keep, scale)), length - i);
            }
        }
    }

    /// <summary>The same, plainly.</summary>
    internal static class Reference
    {
        internal static void Apply<T>(ReadOnlySpan<T> x, Span<T> y, int elementsPerSample, float probability, ulong key)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < x.Length; i++)
            {
                var sampleKey = CounterRandom.Derive(key, (ulong)(i / elementsPerSample));
                var hash = CounterRandom.Hash((uint)sampleKey, (uint)(sampleKey >> 32), (uint)(i % elementsPerSample));
                y[i] = hash < CounterRandom.DropThreshold(probability)
                    ? T.Zero
                    : x[i] / (T.One - T.CreateChecked(probability));
            }
        }
    }
}

using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Softmax cross-entropy on a chunk of rows of logits: the caller computes, uses and forgets one chunk at a time, so that
/// all logits never exist at once. With label smoothing e (Szegedy et al. 2016) the target distribution is
/// (1 - e) one-hot + e / vocabulary.
/// </summary>
internal static unsafe partial class CrossEntropy
{
    /// <summary>The target of a row that does not count.</summary>
    internal const int Ignored = -1;

    /// <summary>
    /// Terms summed in each float lane before the sum goes to double: counted by lane, so that a sum in one lane loses no more than in sixteen.
    /// </summary>
    private const int TermsPerLane = 64;

    /// <summary>The losses only; logits are not changed.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="logits">(rows, vocabulary), rows <paramref name="stride"/> apart.</param>
    /// <param name="targets">(rows), each in [-1, vocabulary): checked by the caller.</param>
    /// <param name="losses">(rows), in nats; 0 where the target is <see cref="Ignored"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="vocabulary">The length of a row.</param>
    /// <param name="stride">Floats between rows; what lies between is neither read nor written.</param>
    /// <param name="labelSmoothing">e, in [0, 1).</param>
    internal static void Forward(
        Team team, float* logits, int* targets, float* losses, int rows, int vocabulary, int stride, float labelSmoothing = 0f)
        => Run(team, logits, targets, losses, rows, vocabulary, stride, scale: 0f, labelSmoothing, backward: false);

    /// <summary>
    /// The losses, and in place of the logits their gradients times <paramref name="scale"/>: (softmax - target
    /// distribution) * scale, zeros in rows whose target is <see cref="Ignored"/>. The other parameters are Forward's.
    /// </summary>
    internal static void ForwardBackward(
        Team team, float* logits, int* targets, float* losses, int rows, int vocabulary, int stride, float scale,
        float labelSmoothing = 0f)
        => Run(team, logits, targets, losses, rows, vocabulary, stride, scale, labelSmoothing, backward: true);

    private static void Run(
        Team team, float* logits, int* targets, float* losses, int rows, int vocabulary, int stride, float scale, float labelSmoothing,
        bool backward)
        => team.Run(
            new Job
            {
                Logits = logits,
                Targets = targets,
                Losses = losses,
                Rows = rows,
                Vocabulary = vocabulary,
                Stride = stride,
                Scale = scale,
                LabelSmoothing = labelSmoothing,
                Backward = backward,
            },
            Partition.RowParts(rows, vocabulary), KernelWork.Moving((backward ? 2.0 : 1.0) * rows * vocabulary));

    private struct Job : IJob
    {
        internal float* Logits; // (rows, vocabulary), rows Stride apart
        internal int* Targets; // (rows)
        internal float* Losses; // (rows)
        internal int Rows;
        internal int Vocabulary;
        internal int Stride;
        internal float Scale;
        internal float LabelSmoothing;
        internal bool Backward;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Vocabulary);
            for (var row = first; row < end; row++)
            {
                var logits = Logits + ((long)row * Stride);
                var target = Targets[row];
                if (target != Ignored)
                {
                    Losses[row] = Loss<S, V>(logits, target);
                    continue;
                }
                Losses[row] = 0f;
                if (Backward)
                {
                    new Span<float>(logits, Vocabulary).Clear();
                }
            }
        }

        private readonly float Loss<S, V>(float* logits, int target)
            where S : struct, ISimd<V>
            where V : struct
        {
            var max = Max<S, V>(logits);
            // The expected logit under the target distribution, before the logits are overwritten.
            var expected = (1.0 - LabelSmoothing) * (logits[target] - (double)max);
            if (LabelSmoothing > 0f)
            {
                expected += LabelSmoothing * (Sum<S, V>(logits, max) / Vocabulary);
            }
            var sum = SumOfExponentials<S, V>(logits, max);
            if (Backward)
            {
                ToGradient<S, V>(logits, (float)(Scale / sum));
                logits[target] -= (1f - LabelSmoothing) * Scale;
            }
            return (float)(Math.Log(sum) - expected);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly float Max<S, V>(float* logits)
            where S : struct, ISimd<V>
            where V : struct
        {
            var max = S.Create(logits[0]);
            var i = 0;
            for (; i <= Vocabulary - S.Count; i += S.Count)
            {
                max = S.Max(max, S.Load(logits + i));
            }
            var result = S.MaxAcross(max);
            for (; i < Vocabulary; i++)
            {
                result = MathF.Max(result, logits[i]);
            }
            return result;
        }

        /// <summary>The sum of logits - max.</summary>
        private readonly double Sum<S, V>(float* logits, float max)
            where S : struct, ISimd<V>
            where V : struct
        {
            var sum = 0.0;
            var block = TermsPerLane * S.Count;
            for (var start = 0; start < Vocabulary; start += block)
            {
                sum += Row.Sum<S, V>(logits + start, Math.Min(block, Vocabulary - start));
            }
            return sum - ((double)max * Vocabulary);
        }

        /// <summary>The sum of e^(logit - max); on the way to gradients, each term replaces its logit.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly double SumOfExponentials<S, V>(float* logits, float max)
            where S : struct, ISimd<V>
            where V : struct
        {
            var maxima = S.Create(max);
            var sum = 0.0;
            var block = TermsPerLane * S.Count;
            for (var start = 0; start < Vocabulary; start += block)
            {
                var end = Math.Min(start + block, Vocabulary);
                var lanes = S.Zero;
                var i = start;
                for (; i <= end - S.Count; i += S.Count)
                {
                    var term = SimdMath.Exp<S, V>(S.Subtract(S.Load(logits + i), maxima));
                    lanes = S.Add(lanes, term);
                    if (Backward)
                    {
                        S.Store(logits + i, term);
                    }
                }
                sum += S.Sum(lanes);
                for (; i < end; i++)
                {
                    var term = SimdMath.Exp<SimdScalar, float>(logits[i] - max);
                    sum += term;
                    if (Backward)
                    {
                        logits[i] = term;
                    }
                }
            }
            return sum;
        }

        /// <summary>terms * factor - the uniform part of the target distribution * scale.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void ToGradient<S, V>(float* terms, float factor)
            where S : struct, ISimd<V>
            where V : struct
        {
            var factors = S.Create(factor);
            var uniform = S.Create(-LabelSmoothing * Scale / Vocabulary);
            var i = 0;
            for (; i <= Vocabulary - S.Count; i += S.Count)
            {
                S.Store(terms + i, S.MultiplyAdd(S.Load(terms + i), factors, uniform));
            }
            if (i < Vocabulary)
            {
                S.StorePartial(terms + i, S.MultiplyAdd(S.LoadPartial(terms + i, Vocabulary - i), factors, uniform), Vocabulary - i);
            }
        }
    }
}

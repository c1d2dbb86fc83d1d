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

    /// <summary>The losses, and the entropies where they are asked for; logits are not changed.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="rows">The rows.</param>
    internal static void Forward(Team team, in LogitRows rows) => Run(team, rows, default, backward: false);

    /// <summary>
    /// The same, and in place of the logits their gradients: (softmax - target distribution) times the loss's gradient, and
    /// -p (log p + H) times the entropy's. Zeros where the target is <see cref="Ignored"/> and no entropy has a gradient.
    /// </summary>
    /// <param name="team">The threads.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="gradients">The gradients from above.</param>
    internal static void ForwardBackward(Team team, in LogitRows rows, in RowGradients gradients) => Run(team, rows, gradients, backward: true);

    private static void Run(Team team, in LogitRows rows, in RowGradients gradients, bool backward)
        => team.Run(
            new Job { In = rows, Gradients = gradients, Backward = backward },
            Partition.RowParts(rows.Rows, rows.Vocabulary), KernelWork.Moving((backward ? 2.0 : 1.0) * rows.Rows * rows.Vocabulary));

    private partial struct Job : IJob
    {
        internal LogitRows In;
        internal RowGradients Gradients;
        internal bool Backward;

        private readonly int Vocabulary => In.Vocabulary;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, In.Rows, Vocabulary);
            for (var row = first; row < end; row++)
            {
                var logits = In.Logits + ((long)row * In.Stride);
                var target = In.Targets[row];
                if (In.Entropies != null)
                {
                    In.Losses[row] = LossAndEntropy<S, V>(logits, row);
                }
                else if (target != Ignored)
                {
                    In.Losses[row] = Loss<S, V>(logits, target, Gradients.OfLoss(row));
                }
                else
                {
                    In.Losses[row] = 0f;
                    if (Backward)
                    {
                        new Span<float>(logits, Vocabulary).Clear();
                    }
                }
            }
        }

        private readonly float Loss<S, V>(float* logits, int target, float scale)
            where S : struct, ISimd<V>
            where V : struct
        {
            var smoothing = In.LabelSmoothing;
            var max = Max<S, V>(logits);
            // The expected logit under the target distribution, before the logits are overwritten.
            var expected = (1.0 - smoothing) * (logits[target] - (double)max);
            if (smoothing > 0f)
            {
                expected += smoothing * (Sum<S, V>(logits, max) / Vocabulary);
            }
            var sum = SumOfExponentials<S, V>(logits, max, Backward);
            if (Backward)
            {
                ToGradient<S, V>(logits, (float)(scale / sum), -smoothing * scale / Vocabulary);
                logits[target] -= (1f - smoothing) * scale;
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
        private readonly double SumOfExponentials<S, V>(float* logits, float max, bool replace)
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
                    if (replace)
                    {
                        S.Store(logits + i, term);
                    }
                }
                sum += S.Sum(lanes);
                for (; i < end; i++)
                {
                    var term = SimdMath.Exp<SimdScalar, float>(logits[i] - max);
                    sum += term;
                    if (replace)
                    {
                        logits[i] = term;
                    }
                }
            }
            return sum;
        }

        /// <summary>terms * factor + the uniform part of the target distribution times minus the loss's gradient.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void ToGradient<S, V>(float* terms, float factor, float uniformPart)
            where S : struct, ISimd<V>
            where V : struct
        {
            var factors = S.Create(factor);
            var uniform = S.Create(uniformPart);
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

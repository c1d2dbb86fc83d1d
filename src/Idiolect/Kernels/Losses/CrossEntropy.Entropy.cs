using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

internal static unsafe partial class CrossEntropy
{
    private partial struct Job
    {
        /// <summary>One row's loss; its entropy H = -sum of p log p goes to its place. Also where the target is <see cref="Ignored"/>.</summary>
        private readonly float LossAndEntropy<S, V>(float* logits, int row)
            where S : struct, ISimd<V>
            where V : struct
        {
            var target = In.Targets[row];
            var max = Max<S, V>(logits);
            var sum = SumOfExponentials<S, V>(logits, max, replace: false);
            var logSum = Math.Log(sum);
            var entropy = logSum - (SumOfWeightedLogits<S, V>(logits, max) / sum);
            In.Entropies[row] = (float)entropy;
            var loss = target == Ignored ? 0f : (float)(logSum - (logits[target] - (double)max));
            if (Backward)
            {
                var ofLoss = target == Ignored ? 0f : Gradients.OfLoss(row);
                var ofEntropy = Gradients.OfEntropies == null ? 0f : Gradients.OfEntropies[row];
                // p (ofLoss - ofEntropy (log p + H)), and log p = logit - max - log(sum)
                ToGradientWithEntropy<S, V>(logits, max, (float)(1 / sum), ofLoss - (ofEntropy * (float)(entropy - logSum)), -ofEntropy);
                if (target != Ignored)
                {
                    logits[target] -= ofLoss;
                }
            }
            return loss;
        }

        /// <summary>The sum of e^(logit - max) (logit - max).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly double SumOfWeightedLogits<S, V>(float* logits, float max)
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
                    var logit = S.Subtract(S.Load(logits + i), maxima);
                    lanes = S.MultiplyAdd(SimdMath.Exp<S, V>(logit), logit, lanes);
                }
                sum += S.Sum(lanes);
                for (; i < end; i++)
                {
                    var logit = logits[i] - max;
                    sum += SimdMath.Exp<SimdScalar, float>(logit) * logit;
                }
            }
            return sum;
        }

        /// <summary>logits = p (constant + slope (logit - max)), with p = e^(logit - max) * inverse.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void ToGradientWithEntropy<S, V>(float* logits, float max, float inverse, float constant, float slope)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (maxima, inverses, constants, slopes) = (S.Create(max), S.Create(inverse), S.Create(constant), S.Create(slope));
            var i = 0;
            for (; i <= Vocabulary - S.Count; i += S.Count)
            {
                var logit = S.Subtract(S.Load(logits + i), maxima);
                S.Store(logits + i, S.Multiply(S.Multiply(SimdMath.Exp<S, V>(logit), inverses), S.MultiplyAdd(slopes, logit, constants)));
            }
            for (; i < Vocabulary; i++)
            {
                var logit = logits[i] - max;
                logits[i] = SimdMath.Exp<SimdScalar, float>(logit) * inverse * ((slope * logit) + constant);
            }
        }
    }
}

using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class CrossEntropy
{
    /// <summary>One row, plainly.</summary>
    internal static class Reference
    {
        /// <summary>The loss of a row of logits (vocabulary) in nats.</summary>
        internal static T Forward<T>(ReadOnlySpan<T> logits, int target, T labelSmoothing)
            where T : struct, IFloatingPointIeee754<T>
        {
            if (target == Ignored)
            {
                return T.Zero;
            }
            var normaliser = LogSumOfExponentials(logits);
            var loss = (T.One - labelSmoothing) * (normaliser - logits[target]);
            foreach (var logit in logits)
            {
                loss += labelSmoothing / T.CreateChecked(logits.Length) * (normaliser - logit);
            }
            return loss;
        }

        /// <summary>Writes the gradient of the loss by the logits, times scale.</summary>
        internal static void Backward<T>(ReadOnlySpan<T> logits, int target, T scale, T labelSmoothing, Span<T> dLogits)
            where T : struct, IFloatingPointIeee754<T>
        {
            dLogits.Clear();
            if (target == Ignored)
            {
                return;
            }
            var normaliser = LogSumOfExponentials(logits);
            for (var i = 0; i < logits.Length; i++)
            {
                var wanted = (labelSmoothing / T.CreateChecked(logits.Length)) + (i == target ? T.One - labelSmoothing : T.Zero);
                dLogits[i] = (T.Exp(logits[i] - normaliser) - wanted) * scale;
            }
        }

        private static T LogSumOfExponentials<T>(ReadOnlySpan<T> logits)
            where T : struct, IFloatingPointIeee754<T>
        {
            var max = logits[0];
            foreach (var logit in logits)
            {
                max = T.Max(max, logit);
            }
            var sum = T.Zero;
            foreach (var logit in logits)
            {
                sum += T.Exp(logit - max);
            }
            return max + T.Log(sum);
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The numbers of one AdamW step.</summary>
/// <param name="LearningRate">The step size.</param>
/// <param name="Beta1">The decay of the first moment.</param>
/// <param name="Beta2">The decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled weight decay, times the learning rate.</param>
/// <param name="L1">The weight of an L1 penalty: its gradient, L1 * sign(w), is added to the scaled gradient.</param>
/// <param name="L2">The weight of an L2 penalty: its gradient, L2 * w, is added to the scaled gradient.</param>
/// <param name="GradientScale">What every gradient is multiplied by first: clipping, averaging over micro-steps.</param>
/// <param name="BiasCorrection1">1 - Beta1^n at the n-th update.</param>
/// <param name="BiasCorrection2">1 - Beta2^n.</param>
internal readonly record struct AdamWParameters(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, double L1, double L2, double GradientScale,
    double BiasCorrection1, double BiasCorrection2);

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), in the order of operations of PyTorch's AdamW.</summary>
internal static unsafe class AdamW
{
    /// <summary>Updates parameters and both moments, all (count), in one pass.</summary>
    internal static void Step(
        Team team, float* parameters, float* gradients, float* firstMoment, float* secondMoment, long count,
        in AdamWParameters p)
        => team.Run(
            new Job
            {
                Parameters = parameters,
                Gradients = gradients,
                FirstMoment = firstMoment,
                SecondMoment = secondMoment,
                Count = count,
                P = p,
            },
            Partition.ElementParts(count), KernelWork.Moving(7.0 * count));

    private struct Job : IJob
    {
        internal float* Parameters; // (count)
        internal float* Gradients; // (count)
        internal float* FirstMoment; // (count)
        internal float* SecondMoment; // (count)
        internal long Count;
        internal AdamWParameters P;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = (long)part * Partition.Elements;
            var length = (int)Math.Min(Partition.Elements, Count - first);
            var weights = Parameters + first;
            var gradients = Gradients + first;
            var firstMoment = FirstMoment + first;
            var secondMoment = SecondMoment + first;
            // Differences are taken in double: in float, 1 - 0.999 would be off by 5e-5 of itself.
            var gradientScale = S.Create((float)P.GradientScale);
            var l1 = S.Create((float)P.L1);
            var minusL1 = S.Create((float)-P.L1);
            var l2 = S.Create((float)P.L2);
            var beta1 = S.Create((float)P.Beta1);
            var oneMinusBeta1 = S.Create((float)(1 - P.Beta1));
            var beta2 = S.Create((float)P.Beta2);
            var oneMinusBeta2 = S.Create((float)(1 - P.Beta2));
            var decay = S.Create((float)(1 - (P.LearningRate * P.WeightDecay)));
            var minusStep = S.Create((float)(-P.LearningRate / P.BiasCorrection1));
            var inverseRoot = S.Create((float)(1 / Math.Sqrt(P.BiasCorrection2)));
            var epsilon = S.Create((float)P.Epsilon);
            // Not split into whole registers and an edge: memory is slower than the test of the edge.
            for (var i = 0; i < length; i += S.Count)
            {
                Prefetch.Ahead(weights + i);
                Prefetch.Ahead(gradients + i);
                Prefetch.Ahead(firstMoment + i);
                Prefetch.Ahead(secondMoment + i);
                var count = Math.Min(S.Count, length - i);
                var w = S.LoadPartial(weights + i, count);
                var g = S.Multiply(S.LoadPartial(gradients + i, count), gradientScale);
                var sign = S.SelectGreater(w, S.Zero, l1, S.SelectGreater(S.Zero, w, minusL1, S.Zero));
                g = S.Add(g, S.MultiplyAdd(l2, w, sign));
                var m = S.MultiplyAdd(beta1, S.LoadPartial(firstMoment + i, count), S.Multiply(oneMinusBeta1, g));
                var v = S.MultiplyAdd(
                    beta2, S.LoadPartial(secondMoment + i, count), S.Multiply(oneMinusBeta2, S.Multiply(g, g)));
                var denominator = S.MultiplyAdd(S.Sqrt(v), inverseRoot, epsilon);
                w = S.MultiplyAdd(minusStep, S.Divide(m, denominator), S.Multiply(w, decay));
                S.StorePartial(weights + i, w, count);
                S.StorePartial(firstMoment + i, m, count);
                S.StorePartial(secondMoment + i, v, count);
            }
        }
    }

    /// <summary>The step, plainly.</summary>
    internal static class Reference
    {
        internal static void Step<T>(
            Span<T> parameters, ReadOnlySpan<T> gradients, Span<T> firstMoment, Span<T> secondMoment, in AdamWParameters p)
            where T : struct, IFloatingPointIeee754<T>
        {
            var learningRate = T.CreateChecked(p.LearningRate);
            var (beta1, beta2) = (T.CreateChecked(p.Beta1), T.CreateChecked(p.Beta2));
            for (var i = 0; i < parameters.Length; i++)
            {
                var w = parameters[i];
                var g = (gradients[i] * T.CreateChecked(p.GradientScale)) + (T.CreateChecked(p.L2) * w)
                    + (T.CreateChecked(p.L1) * T.CreateChecked(T.Sign(w)));
                firstMoment[i] = (beta1 * firstMoment[i]) + ((T.One - beta1) * g);
                secondMoment[i] = (beta2 * secondMoment[i]) + ((T.One - beta2) * g * g);
                var denominator = (T.Sqrt(secondMoment[i]) / T.Sqrt(T.CreateChecked(p.BiasCorrection2)))
                    + T.CreateChecked(p.Epsilon);
                parameters[i] = (w * (T.One - (learningRate * T.CreateChecked(p.WeightDecay))))
                    - (learningRate / T.CreateChecked(p.BiasCorrection1) * firstMoment[i] / denominator);
            }
        }
    }
}

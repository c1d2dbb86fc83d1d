using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class AdamWTests
{
    [Fact]
    public void Every_variant_agrees_with_the_reference_over_several_steps()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Count, Gen.OneOf(0f, 0.01f), Gen.OneOf(0f, 0.02f)).Sample(
            (count, l1, l2) =>
            {
                const int Steps = 3;
                var weights = RandomValues.Normal(1, count);
                weights[0] = 0; // whose sign is 0
                var expected = weights.ToDoubles();
                var (m, v) = (new double[count], new double[count]);
                for (var step = 1; step <= Steps; step++)
                {
                    AdamW.Reference.Step<double>(expected, Gradients(step).ToDoubles(), m, v, Parameters(step));
                }

                variants.Check([.. expected, .. m, .. v], 2e-6, team =>
                {
                    using var w = new NativeBuffer<float>(weights);
                    using var first = new NativeBuffer<float>(count);
                    using var second = new NativeBuffer<float>(count);
                    using var gradients = new NativeBuffer<float>(count);
                    for (var step = 1; step <= Steps; step++)
                    {
                        Gradients(step).CopyTo(gradients.Span);
                        AdamW.Step(team, w, gradients, first, second, count, Parameters(step));
                    }
                    return [.. w.ToArray(), .. first.ToArray(), .. second.ToArray()];
                });

                float[] Gradients(int step) => RandomValues.Normal((ulong)step + 10, count);
                AdamWParameters Parameters(int step) => new(
                    LearningRate: 0.01f, Beta1: 0.9f, Beta2: 0.95f, Epsilon: 1e-8f, WeightDecay: 0.1f, L1: l1, L2: l2,
                    GradientScale: 0.5f, BiasCorrection1: 1 - MathF.Pow(0.9f, step), BiasCorrection2: 1 - MathF.Pow(0.95f, step));
            },
            iter: 6,
            threads: 1);
    }

    [Fact]
    public void The_first_step_moves_each_weight_by_the_learning_rate_against_the_sign_of_its_gradient()
    {
        double[] weights = [1, 1];
        double[] gradients = [1e-3, -50];
        AdamW.Reference.Step<double>(
            weights, gradients, new double[2], new double[2],
            new AdamWParameters(0.1f, 0.9f, 0.999f, 1e-12f, 0, 0, 0, 1, 1 - 0.9f, 1 - 0.999f));

        Assert.Equal(0.9, weights[0], 1e-5);
        Assert.Equal(1.1, weights[1], 1e-5);
    }
}

using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class CrossEntropyTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    public void Reference_gradient_agrees_with_finite_differences(double labelSmoothing)
    {
        var logits = RandomValues.Normal(1, 9, scale: 2).ToDoubles();
        var gradient = new double[9];
        CrossEntropy.Reference.Backward(logits, 4, 0.5, labelSmoothing, gradient);

        FiniteDifferences.Check(() => 0.5 * CrossEntropy.Reference.Forward(logits, 4, labelSmoothing), logits, gradient);
    }

    [Fact]
    public void Every_variant_agrees_with_the_reference()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, Gen.OneOf(Gen.Int[1, 40], Gen.Int[1000, 3000]), Gen.OneOf(0f, 0.1f), Gen.OneOf(0, 3)).Sample(
            (rows, vocabulary, labelSmoothing, padding) =>
            {
                const float Scale = 0.25f;
                var logits = RandomValues.Normal(1, rows * vocabulary, scale: 5);
                var targets = Enumerable.Range(0, rows).Select(row => (row * 7 % (vocabulary + 1)) - 1).ToArray();
                var losses = new double[rows];
                var gradients = new double[logits.Length];
                for (var row = 0; row < rows; row++)
                {
                    var range = (row * vocabulary)..((row + 1) * vocabulary);
                    var values = logits[range].ToDoubles();
                    losses[row] = CrossEntropy.Reference.Forward<double>(values, targets[row], labelSmoothing);
                    CrossEntropy.Reference.Backward<double>(
                        values, targets[row], Scale, labelSmoothing, gradients.AsSpan(range));
                }

                var stride = vocabulary + padding;
                variants.Check([.. losses, .. losses, .. Padding.Insert(gradients, rows, vocabulary, padding, double.NaN)], 2e-6, team =>
                {
                    var padded = Padding.Insert(logits, rows, vocabulary, padding, float.NaN);
                    using var logit = new NativeBuffer<float>(padded);
                    using var target = new NativeBuffer<int>(targets);
                    using var forward = new NativeBuffer<float>(rows);
                    using var both = new NativeBuffer<float>(rows);
                    CrossEntropy.Forward(team, new LogitRows(logit, target, forward, rows, vocabulary, stride) { LabelSmoothing = labelSmoothing });
                    Assert.Equal(padded, logit.ToArray());
                    CrossEntropy.ForwardBackward(team, new LogitRows(logit, target, both, rows, vocabulary, stride) { LabelSmoothing = labelSmoothing }, RowGradients.Same(Scale));
                    return [.. forward.ToArray(), .. both.ToArray(), .. logit.ToArray()];
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void Many_small_terms_beside_a_large_one_are_not_rounded_away()
    {
        using var variants = new KernelVariants();
        float[] logits = [0f, .. Enumerable.Repeat(-11f, 2999)];
        variants.Check([CrossEntropy.Reference.Forward<double>(logits.ToDoubles(), 0, 0)], 2e-6, team =>
        {
            using var values = new NativeBuffer<float>(logits);
            using var targets = new NativeBuffer<int>((int[])[0]);
            using var losses = new NativeBuffer<float>(1);
            CrossEntropy.Forward(team, new LogitRows(values, targets, losses, 1, logits.Length, logits.Length));
            return losses.ToArray();
        });
    }

    [Fact]
    public void Huge_logits_do_not_overflow()
    {
        using var variants = new KernelVariants();
        variants.Check([2e4, 1.0, -1.0, 0.0], 1e-6, team =>
        {
            using var logits = new NativeBuffer<float>([1e4f, -1e4f, 0f]);
            using var targets = new NativeBuffer<int>((int[])[1]);
            using var losses = new NativeBuffer<float>(1);
            CrossEntropy.ForwardBackward(team, new LogitRows(logits, targets, losses, 1, 3, 3), RowGradients.Same(1));
            return [.. losses.ToArray(), .. logits.ToArray()];
        });
    }
}

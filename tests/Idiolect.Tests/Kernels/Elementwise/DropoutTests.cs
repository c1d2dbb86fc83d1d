using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class DropoutTests
{
    [Fact]
    public void Every_variant_agrees_with_the_reference_in_place()
    {
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[1, 4], KernelShapes.Count, Gen.OneOf(0f, 0.1f, 0.5f, 0.9f), Gen.ULong).Sample(
            (samples, count, probability, key) =>
            {
                var x = RandomValues.Normal(1, samples * count);
                var expected = new double[x.Length];
                Dropout.Reference.Apply<double>(x.ToDoubles(), expected, count, probability, key);

                variants.Check(expected, 1e-6, team =>
                {
                    using var xs = new NativeBuffer<float>(x);
                    Dropout.Apply(team, xs, xs, samples, count, probability, key);
                    return xs.ToArray();
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void The_kept_share_is_what_the_probability_says()
    {
        const int Count = 100_000;
        var y = new double[Count];
        Dropout.Reference.Apply(Enumerable.Repeat(1.0, Count).ToArray(), y, Count, 0.2f, key: 42);

        // 5 standard deviations of a binomial share.
        Assert.InRange(y.Count(value => value != 0) / (double)Count, 0.8 - 0.0064, 0.8 + 0.0064);
        Assert.Equal(1.0, y.Average(), 0.01);
    }

    [Fact]
    public void A_sample_has_the_same_mask_whatever_follows_it_in_the_batch()
    {
        using var team = new Team(1, IsaSelector.Default);
        using var alone = new NativeBuffer<float>(Enumerable.Repeat(1f, 100).ToArray());
        using var batch = new NativeBuffer<float>(Enumerable.Repeat(1f, 300).ToArray());
        Dropout.Apply(team, alone, alone, 1, 100, 0.5f, key: 7);
        Dropout.Apply(team, batch, batch, 3, 100, 0.5f, key: 7);

        Assert.Equal(alone.ToArray(), batch.ToArray()[..100]);
        Assert.NotEqual(batch.ToArray()[..100], batch.ToArray()[100..200]);
    }
}

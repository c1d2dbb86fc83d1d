using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class ElementSumTests
{
    [Fact]
    public void Residual_add_and_accumulate_agree_with_the_reference()
    {
        using var variants = new KernelVariants();
        KernelShapes.Count.Sample(
            count =>
            {
                var a = RandomValues.Normal(1, count);
                var b = RandomValues.Normal(2, count);
                var sum = new double[count];
                ResidualAdd.Reference.Forward<double>(a.ToDoubles(), b.ToDoubles(), sum);

                variants.Check([.. sum, .. sum], 1e-7, team =>
                {
                    using var first = new NativeBuffer<float>(a);
                    using var second = new NativeBuffer<float>(b);
                    using var y = new NativeBuffer<float>(count);
                    ResidualAdd.Forward(team, first, second, y, count);
                    ResidualAdd.Accumulate(team, first, second, count);
                    return [.. y.ToArray(), .. second.ToArray()];
                });
            },
            iter: 6,
            threads: 1);
    }

    [Fact]
    public void Bias_gradient_adds_the_column_sums()
        => Gen.Select(KernelShapes.Rows, KernelShapes.Width, Gen.OneOf(0, 3)).Sample(CheckBiasGradient, iter: 10, threads: 1);

    [Theory]
    [InlineData(64, 7)]
    [InlineData(65, 130)]
    [InlineData(131, 1025)]
    [InlineData(300, 2061)]
    public void Bias_gradient_of_several_blocks_of_rows_adds_the_column_sums(int rows, int width) => CheckBiasGradient(rows, width, padding: 3);

    private static void CheckBiasGradient(int rows, int width, int padding)
    {
        var dy = RandomValues.Normal(1, rows * width);
        var old = RandomValues.Normal(2, width);
        var expected = old.ToDoubles();
        BiasGradient.Reference.Accumulate<double>(dy.ToDoubles(), expected);

        using var variants = new KernelVariants();
        variants.Check(expected, 1e-5, team =>
        {
            using var dys = new NativeBuffer<float>(Padding.Insert(dy, rows, width, padding, float.NaN));
            using var dBias = new NativeBuffer<float>(old);
            BiasGradient.Accumulate(team, dys, dBias, rows, width, width + padding);
            return dBias.ToArray();
        });
    }

    [Fact]
    public void Squared_norm_and_L1_agree_with_the_reference_and_do_not_depend_on_threads()
    {
        using var variants = new KernelVariants();
        foreach (var count in new[] { 1, 3, 513, 65_536, 65_537, 200_001 })
        {
            var x = RandomValues.Normal(1, count);
            var (norm, l1) = (SquaredNorm.Reference.Compute<double>(x.ToDoubles()), Penalty.Reference.L1<double>(x.ToDoubles()));
            foreach (var pair in variants.All.GroupBy(team => team.Isa))
            {
                var results = pair.Select(team =>
                {
                    using var xs = new NativeBuffer<float>(x);
                    return (Norm: SquaredNorm.Compute(team, xs, count), L1: Penalty.L1(team, xs, count));
                }).ToArray();
                Assert.InRange(results[0].Norm / norm, 1 - 1e-6, 1 + 1e-6);
                Assert.InRange(results[0].L1 / l1, 1 - 1e-6, 1 + 1e-6);
                Assert.Equal(results[0], results[1]);
            }
        }
    }

    [Fact]
    public void The_first_bad_element_is_found_and_spoils_the_norm()
    {
        using var x = new NativeBuffer<float>(100);
        Assert.Equal(-1, Finite.FirstBad(x, 100));
        x.Span[70] = float.PositiveInfinity;
        x.Span[33] = float.NaN;
        using var team = new Team(1, IsaSelector.Default);

        Assert.Equal(33, Finite.FirstBad(x, 100));
        Assert.False(double.IsFinite(SquaredNorm.Compute(team, x, 100)));
    }
}

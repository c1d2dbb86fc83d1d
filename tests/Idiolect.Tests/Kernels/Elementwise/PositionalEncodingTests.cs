using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class PositionalEncodingTests
{
    [Fact]
    public void Every_variant_agrees_with_the_reference_forward_and_backward()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, Gen.Int[1, 70]).Sample(
            (rows, width) =>
            {
                const float Scale = 2.5f;
                var x = RandomValues.Normal(1, rows * width);
                var positions = Enumerable.Range(0, rows).Select(row => row * 7 % 50).ToArray();
                var expected = new double[2 * x.Length];
                PositionalEncoding.Reference.Forward<double>(x.ToDoubles(), positions, expected.AsSpan(0, x.Length), width, Scale);
                PositionalEncoding.Reference.Backward<double>(x.ToDoubles(), expected.AsSpan(x.Length), Scale);

                variants.Check(expected, 1e-6, team =>
                {
                    using var input = new NativeBuffer<float>(x);
                    using var position = new NativeBuffer<int>(positions);
                    using var table = new NativeBuffer<float>(50 * width);
                    using var y = new NativeBuffer<float>(x.Length);
                    using var dx = new NativeBuffer<float>(x.Length);
                    PositionalEncoding.FillTable(table, 50, width);
                    PositionalEncoding.Forward(team, input, table, position, y, rows, width, Scale);
                    PositionalEncoding.Backward(team, input, dx, rows, width, Scale);
                    return [.. y.ToArray(), .. dx.ToArray()];
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void The_gradient_agrees_with_finite_differences()
    {
        const double Scale = 1.7;
        int[] positions = [0, 3];
        var x = RandomValues.Normal(1, 10).ToDoubles();
        var dy = RandomValues.Normal(2, 10).ToDoubles();
        var dx = new double[10];
        PositionalEncoding.Reference.Backward<double>(dy, dx, Scale);
        FiniteDifferences.Check(
            () =>
            {
                var y = new double[10];
                PositionalEncoding.Reference.Forward<double>(x, positions, y, 5, Scale);
                return RandomValues.Dot(dy, y);
            },
            x,
            dx);
    }

    [Fact]
    public void Waves_are_those_of_the_paper()
    {
        Assert.Equal(0, PositionalEncoding.Reference.Value(0, 0, 512));
        Assert.Equal(1, PositionalEncoding.Reference.Value(0, 1, 512));
        Assert.Equal(Math.Sin(3), PositionalEncoding.Reference.Value(3, 0, 512), 1e-12);
        Assert.Equal(Math.Cos(3 / Math.Pow(10000, 510.0 / 512)), PositionalEncoding.Reference.Value(3, 511, 512), 1e-12);
    }
}

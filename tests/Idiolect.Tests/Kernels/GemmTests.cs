using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmTests
{
    private static readonly Gen<(int M, int N, int K, bool TransposeA, bool TransposeB, GemmStart Start, ulong Seed)> Cases
        = Gen.Select(
            Gen.Int[1, 130], Gen.Int[1, 70], Gen.OneOf(Gen.Int[1, 40], Gen.Int[380, 400]), Gen.Bool, Gen.Bool,
            Gen.Enum<GemmStart>(), Gen.ULong);

    [Fact]
    public void Every_variant_matches_the_reference_at_ragged_sizes()
    {
        using var variants = new KernelVariants();
        Cases.Sample(
            c =>
            {
                var (a, b) = (RandomValues.Normal(c.Seed, c.M * c.K), RandomValues.Normal(c.Seed + 1, c.K * c.N));
                var (bias, before) = (RandomValues.Normal(c.Seed + 2, c.N), RandomValues.Normal(c.Seed + 3, c.M * c.N));
                var expected = before.ToDoubles();
                Gemm.Reference.Multiply<double>(
                    c.M, c.N, c.K, a.ToDoubles(), c.TransposeA, b.ToDoubles(), c.TransposeB, expected, c.Start, bias.ToDoubles());
                variants.Check(expected, 2e-5 * Math.Sqrt(c.K), team =>
                {
                    using var left = new NativeBuffer<float>(a);
                    using var right = new NativeBuffer<float>(b);
                    using var biasBuffer = new NativeBuffer<float>(bias);
                    using var result = new NativeBuffer<float>(before);
                    Gemm.Multiply(
                        team, c.M, c.N, c.K, new MatrixView(left, c.TransposeA ? c.M : c.K, c.TransposeA),
                        new MatrixView(right, c.TransposeB ? c.K : c.N, c.TransposeB), result, c.N, c.Start, biasBuffer);
                    return result.ToArray();
                });
            },
            iter: 40, threads: 1);
    }

    [Fact]
    public void In_bf16_every_variant_matches_the_reference_over_rounded_operands()
    {
        using var variants = new KernelVariants();
        Cases.Sample(
            c =>
            {
                var (a, b) = (RandomValues.Normal(c.Seed, c.M * c.K), RandomValues.Normal(c.Seed + 1, c.K * c.N));
                var (bias, before) = (RandomValues.Normal(c.Seed + 2, c.N), RandomValues.Normal(c.Seed + 3, c.M * c.N));
                var expected = before.ToDoubles();
                Gemm.Reference.Multiply<double>(
                    c.M, c.N, c.K, Rounded(a), c.TransposeA, Rounded(b), c.TransposeB, expected, c.Start, bias.ToDoubles());
                variants.Check(expected, 2e-5 * Math.Sqrt(c.K), team =>
                {
                    using var left = new NativeBuffer<float>(a);
                    using var right = new NativeBuffer<float>(b);
                    using var biasBuffer = new NativeBuffer<float>(bias);
                    using var result = new NativeBuffer<float>(before);
                    Gemm.Multiply(
                        team, c.M, c.N, c.K, new MatrixView(left, c.TransposeA ? c.M : c.K, c.TransposeA),
                        new MatrixView(right, c.TransposeB ? c.K : c.N, c.TransposeB), result, c.N, c.Start, biasBuffer, Precision.Bf16);
                    return result.ToArray();
                });
            },
            iter: 30, threads: 1);

        static double[] Rounded(float[] values) => Array.ConvertAll(values, value => (double)SimdScalar.RoundToBFloat16(value));
    }

    [Theory]
    [InlineData(1f, 1f)]
    [InlineData(1.00390625f, 1f)] // halfway between two: to the even one
    [InlineData(1.01171875f, 1.015625f)]
    [InlineData(-3.1415927f, -3.140625f)]
    [InlineData(float.MaxValue, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity)]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(1e-45f, 0f)]
    public void Bfloat16_is_the_nearest_with_ties_to_even(float value, float expected)
        => Assert.Equal(expected, SimdScalar.RoundToBFloat16(value));

    [Fact]
    public void A_product_larger_than_one_slab_in_every_direction_matches_the_reference()
    {
        const int M = 4050, N = 4110, K = 390;
        var (a, b) = (RandomValues.Normal(1, M * K), RandomValues.Normal(2, K * N));
        using var team = new Team(2, IsaSelector.Default);
        using var left = new NativeBuffer<float>(a);
        using var right = new NativeBuffer<float>(b);
        using var result = new NativeBuffer<float>(M * N);
        Gemm.Multiply(team, M, N, K, new MatrixView(left, K), new MatrixView(right, N), result, N);
        foreach (var (row, column) in new[] { (0, 0), (17, 4109), (4031, 4095), (4032, 4096), (4049, 4109), (4049, 0) })
        {
            var expected = 0.0;
            for (var p = 0; p < K; p++)
            {
                expected += (double)a[(row * K) + p] * b[(p * N) + column];
            }
            Assert.Equal(expected, result.Span[(row * N) + column], 1e-3);
        }
    }

    [Fact]
    public void A_row_has_the_same_bits_alone_and_in_a_batch()
    {
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[2, 20], Gen.Int[1, 50], Gen.Int[1, 800], Gen.ULong).Sample(
            (rows, n, k, seed) =>
            {
                using var a = new NativeBuffer<float>(RandomValues.Normal(seed, rows * k));
                using var b = new NativeBuffer<float>(RandomValues.Normal(seed + 1, n * k));
                using var together = new NativeBuffer<float>(rows * n);
                using var alone = new NativeBuffer<float>(n);
                foreach (var team in variants.All)
                {
                    Gemm.Multiply(team, rows, n, k, new MatrixView(a, k), new MatrixView(b, k, transposed: true), together, n);
                    for (var row = 0; row < rows; row++)
                    {
                        Gemm.Multiply(team, 1, n, k, new MatrixView(a.Pointer + (row * k), k), new MatrixView(b, k, true), alone, n);
                        Assert.Equal(together.Span.Slice(row * n, n).ToArray(), alone.ToArray());
                    }
                }
            },
            iter: 10, threads: 1);
    }

    [Fact]
    public void Weights_packed_once_give_the_same_bits()
    {
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 80], Gen.Int[1, 800], Gen.ULong).Sample(
            (m, n, k, seed) =>
            {
                using var a = new NativeBuffer<float>(RandomValues.Normal(seed, m * k));
                using var b = new NativeBuffer<float>(RandomValues.Normal(seed + 1, n * k));
                using var expected = new NativeBuffer<float>(m * n);
                using var actual = new NativeBuffer<float>(m * n);
                foreach (var team in variants.All)
                {
                    using var packed = new NativeBuffer<float>((int)Gemm.PackedLength(team, k, n));
                    Gemm.PackB(team, k, n, new MatrixView(b, k, transposed: true), packed);
                    Gemm.Multiply(team, m, n, k, new MatrixView(a, k), new MatrixView(b, k, transposed: true), expected, n);
                    Gemm.MultiplyPacked(team, m, n, k, new MatrixView(a, k), packed, actual, n);
                    Assert.Equal(expected.ToArray(), actual.ToArray());
                }
            },
            iter: 10, threads: 1);
    }

    [Fact]
    public void Two_callers_of_one_team_do_not_mix_their_panels()
    {
        const int Size = 130;
        using var team = new Team(2, IsaSelector.Default);
        Parallel.For(0, 4, caller =>
        {
            using var a = new NativeBuffer<float>(RandomValues.Normal((ulong)caller, Size * Size));
            using var b = new NativeBuffer<float>(RandomValues.Normal((ulong)caller + 10, Size * Size));
            using var first = new NativeBuffer<float>(Size * Size);
            using var again = new NativeBuffer<float>(Size * Size);
            Gemm.Multiply(team, Size, Size, Size, new MatrixView(a, Size), new MatrixView(b, Size, true), first, Size);
            for (var i = 0; i < 50; i++)
            {
                Gemm.Multiply(team, Size, Size, Size, new MatrixView(a, Size), new MatrixView(b, Size, true), again, Size);
                Assert.Equal(first.ToArray(), again.ToArray());
            }
        });
    }

    [Fact]
    public void The_gradients_of_a_linear_layer_match_finite_differences()
    {
        const int Rows = 3, Inputs = 5, Outputs = 4;
        var (x, w) = (RandomValues.Normal(1, Rows * Inputs).ToDoubles(), RandomValues.Normal(2, Outputs * Inputs).ToDoubles());
        var (bias, dy) = (RandomValues.Normal(3, Outputs).ToDoubles(), RandomValues.Normal(4, Rows * Outputs).ToDoubles());
        var (dx, dw, dBias) = (new double[x.Length], new double[w.Length], new double[bias.Length]);
        Gemm.Reference.LinearBackward<double>(Rows, Inputs, Outputs, dy, x, w, dx, dw, dBias);

        double Loss()
        {
            var y = new double[dy.Length];
            Gemm.Reference.Multiply<double>(Rows, Outputs, Inputs, x, false, w, true, y, GemmStart.Bias, bias);
            return y.Zip(dy, (value, weight) => value * weight).Sum();
        }

        FiniteDifferences.Check(Loss, x, dx);
        FiniteDifferences.Check(Loss, w, dw);
        FiniteDifferences.Check(Loss, bias, dBias);
    }
}

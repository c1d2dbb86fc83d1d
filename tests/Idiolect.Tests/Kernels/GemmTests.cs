using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmTests
{
    /// <summary>Sizes around those of tiles, panels, slabs (256 to 384, or 512 to 768 in bf16) and the rows of a part (192, 384, or 960); and many columns, of which threads take some of each other's.</summary>
    private static readonly Gen<(int M, int N, int K, int Padding, bool TransposeA, bool TransposeB, GemmStart Start, ulong Seed)> Cases
        = Gen.Select(
            Gen.Frequency((8, Gen.Int[1, 130]), (1, Gen.Int[190, 200]), (2, Gen.Int[385, 420]), (1, Gen.Int[950, 1000])), Gen.Frequency((5, Gen.Int[1, 70]), (1, Gen.Int[300, 700])),
            Gen.Frequency((3, Gen.Int[1, 40]), (3, Gen.Int[250, 270]), (3, Gen.Int[375, 530]), (1, Gen.Int[760, 1040])), Gen.OneOf(Gen.Const(0), Gen.Int[1, 20]),
            Gen.Bool, Gen.Bool, Gen.Enum<GemmStart>(), Gen.ULong);

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void Every_variant_matches_the_reference_at_ragged_sizes(Precision precision)
    {
        using var variants = new KernelVariants();
        Cases.Sample(
            c =>
            {
                var (aLines, aLength) = c.TransposeA ? (c.K, c.M) : (c.M, c.K);
                var (bLines, bLength) = c.TransposeB ? (c.N, c.K) : (c.K, c.N);
                var (a, b) = (RandomValues.Normal(c.Seed, aLines * aLength), RandomValues.Normal(c.Seed + 1, bLines * bLength));
                var (bias, before) = (RandomValues.Normal(c.Seed + 2, c.N), RandomValues.Normal(c.Seed + 3, c.M * c.N));
                var expected = before.ToDoubles();
                Gemm.Reference.Multiply<double>(
                    c.M, c.N, c.K, Rounded(a, precision), c.TransposeA, Rounded(b, precision), c.TransposeB, expected, c.Start, bias.ToDoubles());
                variants.Check(Padding.Insert(expected, c.M, c.N, c.Padding, double.NaN), 2e-5 * Math.Sqrt(c.K), team =>
                {
                    using var left = new NativeBuffer<float>(Padding.Insert(a, aLines, aLength, c.Padding, float.NaN));
                    using var right = new NativeBuffer<float>(Padding.Insert(b, bLines, bLength, c.Padding, float.NaN));
                    using var biasBuffer = new NativeBuffer<float>(bias);
                    using var result = new NativeBuffer<float>(Padding.Insert(before, c.M, c.N, c.Padding, float.NaN));
                    Gemm.Multiply(
                        team, c.M, c.N, c.K, new MatrixView(left, aLength + c.Padding, c.TransposeA),
                        new MatrixView(right, bLength + c.Padding, c.TransposeB), result, c.N + c.Padding, c.Start, biasBuffer, precision);
                    return result.ToArray();
                });
            },
            iter: 40, threads: 1);
    }

    private static double[] Rounded(float[] values, Precision precision)
        => Array.ConvertAll(values, value => (double)(precision == Precision.Bf16 ? SimdScalar.RoundToBFloat16(value) : value));

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

    [Theory]
    [InlineData("Scalar")]
    [InlineData("Vector128")]
    [InlineData("Vector256")]
    [InlineData("Vector512")]
    [InlineData("Assembled")]
    public void A_product_that_underflows_has_its_sign_in_every_row(string variant)
    {
        const int Rows = 13, Columns = 32; // one row more than fills a tile
        using var team = new Team(1, Enum.Parse<Isa>(variant));
        using var left = new NativeBuffer<float>([.. Enumerable.Repeat(1e-30f, Rows)]);
        using var right = new NativeBuffer<float>([.. Enumerable.Repeat(-1e-30f, Columns)]);
        using var result = new NativeBuffer<float>(Rows * Columns);
        Gemm.Multiply(team, Rows, Columns, 1, new MatrixView(left, 1), new MatrixView(right, Columns), result, Columns);
        var first = float.IsNegative(result.Span[0]);
        Assert.All(result.ToArray(), value => Assert.Equal(first, float.IsNegative(value)));
    }

    [Theory]
    [InlineData(4050, 4110, 390, Precision.Fp32)]
    [InlineData(4050, 4110, 390, Precision.Bf16)]
    [InlineData(70, 90, 9000, Precision.Fp32)] // more inner indices than one job takes
    [InlineData(70, 90, 9000, Precision.Bf16)]
    public void A_product_larger_than_one_block_in_every_direction_matches_the_reference(int m, int n, int k, Precision precision)
    {
        var (a, b) = (RandomValues.Normal(1, m * k), RandomValues.Normal(2, k * n));
        using var team = new Team(2, IsaSelector.Default);
        using var left = new NativeBuffer<float>(a);
        using var right = new NativeBuffer<float>(b);
        using var result = new NativeBuffer<float>(m * n);
        Gemm.Multiply(team, m, n, k, new MatrixView(left, k), new MatrixView(right, n), result, n, precision: precision);
        int[] rows = [0, 17, 31, m / 2, m - 19, m - 18, m - 1], columns = [0, 31, 32, n - 15, n - 14, n - 1];
        foreach (var (row, column) in rows.SelectMany(row => columns.Select(column => (row, column))))
        {
            var expected = Rounded(a[(row * k)..((row + 1) * k)], precision)
                .Zip(Rounded([.. Enumerable.Range(0, k).Select(p => b[(p * n) + column])], precision), (left, right) => left * right).Sum();
            Assert.Equal(expected, result.Span[(row * n) + column], 1e-3);
        }
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void Threads_that_take_panels_of_each_other_s_parts_change_no_bit(Precision precision)
    {
        const int M = 390, N = 700, K = 1500; // several passes, and panels enough to take some
        using var a = new NativeBuffer<float>(RandomValues.Normal(1, M * K));
        using var b = new NativeBuffer<float>(RandomValues.Normal(2, K * N));
        var before = RandomValues.Normal(3, M * N);
        using var alone = new Team(1, IsaSelector.Default);
        using var many = new Team(5, IsaSelector.Default); // more than there are processors: some are always late
        var expected = Product(alone);
        for (var run = 0; run < 20; run++)
        {
            Assert.Equal(expected, Product(many));
        }

        float[] Product(Team team)
        {
            using var c = new NativeBuffer<float>(before);
            Gemm.Multiply(team, M, N, K, new MatrixView(a, K), new MatrixView(b, N), c, N, GemmStart.Accumulate, precision: precision);
            return c.ToArray();
        }
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void A_row_has_the_same_bits_alone_and_in_a_batch(Precision precision)
    {
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[2, 70], Gen.Int[1, 50], Gen.Int[1, 1100], Gen.Enum<GemmStart>(), Gen.ULong).Sample(
            (rows, n, k, start, seed) =>
            {
                using var a = new NativeBuffer<float>(RandomValues.Normal(seed, rows * k));
                using var b = new NativeBuffer<float>(RandomValues.Normal(seed + 1, n * k));
                using var bias = new NativeBuffer<float>(RandomValues.Normal(seed + 2, n));
                var before = RandomValues.Normal(seed + 3, rows * n);
                foreach (var team in variants.All)
                {
                    using var together = new NativeBuffer<float>(before);
                    using var alone = new NativeBuffer<float>(before);
                    Gemm.Multiply(team, rows, n, k, new MatrixView(a, k), new MatrixView(b, k, transposed: true), together, n, start, bias, precision);
                    for (var row = 0; row < rows; row++)
                    {
                        Gemm.Multiply(
                            team, 1, n, k, new MatrixView(a.Pointer + (row * k), k), new MatrixView(b, k, true), alone.Pointer + (row * n), n, start, bias, precision);
                    }
                    Assert.Equal(together.ToArray(), alone.ToArray());
                }
            },
            iter: 10, threads: 1);
    }

    [Theory]
    [InlineData(1, 800)]
    [InlineData(4097, 4224)] // what one job takes of inner indices, and what its last slab takes more
    [InlineData(4225, 4500)]
    public void Weights_packed_once_give_the_same_bits(int leastDepth, int mostDepth)
    {
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 80], Gen.Int[leastDepth, mostDepth], Gen.ULong).Sample(
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

    [Theory]
    [InlineData(1, 16)]
    [InlineData(65, 80)]
    [InlineData(512, 512)]
    [InlineData(1024, 1040)] // rows of 4 KiB would share a few lines of the L1 cache
    [InlineData(50_257, 50_272)]
    public void Rows_at_the_aligned_stride_begin_with_a_cache_line(int length, int stride) => Assert.Equal(stride, Gemm.AlignedStride(length));

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

using CsCheck;
using Idiolect.Kernels;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmTests
{
    /// <summary>Sizes around those of tiles, panels, slabs (192 to 288, or twice that in bf16, 512 to 768 with tile registers) and the rows of a part (192, 384, or 960); and many columns, of which threads take some of each other's.</summary>
    private static readonly Gen<(int M, int N, int K, int Padding, bool TransposeA, bool TransposeB, GemmStart Start, ulong Seed)> Cases
        = Gen.Select(
            Gen.Frequency((8, Gen.Int[1, 130]), (1, Gen.Int[190, 200]), (2, Gen.Int[385, 420]), (1, Gen.Int[950, 1000])), Gen.Frequency((5, Gen.Int[1, 70]), (1, Gen.Int[300, 700])),
            Gen.Frequency((3, Gen.Int[1, 40]), (3, Gen.Int[185, 200]), (3, Gen.Int[280, 400]), (2, Gen.Int[500, 590]), (1, Gen.Int[760, 1040])), Gen.OneOf(Gen.Const(0), Gen.Int[1, 20]),
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
                var ofVectors = new Lazy<double[]>(() => Expected(variants.All.First()));
                variants.Check(team => team.Isa == Isa.Assembled ? Expected(team) : ofVectors.Value, 2e-5 * Math.Sqrt(c.K), team =>
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

                double[] Expected(Team team)
                {
                    var expected = before.ToDoubles();
                    Gemm.Reference.Multiply<double>(
                        c.M, c.N, c.K, Packed(a, c.M, c.K, c.TransposeA, team, precision), false, Packed(b, c.N, c.K, !c.TransposeB, team, precision), true, expected, c.Start,
                        bias.ToDoubles());
                    return Padding.Insert(expected, c.M, c.N, c.Padding, double.NaN);
                }
            },
            iter: 40, threads: 1);
    }

    /// <summary>The lines (lines, depth) of a matrix that is (depth, lines) where it is transposed, as a team's threads pack them.</summary>
    private static double[] Packed(float[] matrix, int lines, int depth, bool transposed, Team team, Precision precision)
        => [.. Enumerable.Range(0, lines).SelectMany(line => Gemm.Reference.Packed(Line(matrix, line, lines, depth, transposed), team, precision))];

    private static float[] Line(float[] matrix, int line, int lines, int depth, bool transposed)
        => [.. Enumerable.Range(0, depth).Select(p => matrix[transposed ? (p * lines) + line : (line * depth) + p])];

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
            var expected = Gemm.Reference.Packed(Line(a, row, m, k, transposed: false), team, precision)
                .Zip(Gemm.Reference.Packed(Line(b, column, n, k, transposed: true), team, precision), (left, right) => left * right).Sum();
            Assert.Equal(expected, result.Span[(row * n) + column], 1e-3);
        }
    }

    /// <summary>Lines of normal numbers, or of such with some a hundred times as large.</summary>
    [Fact]
    public void Bf16_loses_no_more_than_8_bits_may_and_scaled_integers_a_ninth_of_that()
    {
        const int Rows = 24, Columns = 48;
        using var variants = new KernelVariants();
        Gen.Select(Gen.Int[1, 1600], Gen.Bool, Gen.Bool, Gen.ULong).Sample(
            (depth, outliersOfA, outliersOfB, seed) =>
            {
                var (a, b) = (Values(seed, Rows, outliersOfA), Values(seed + 1, Columns, outliersOfB));
                using var left = new NativeBuffer<float>(a);
                using var right = new NativeBuffer<float>(b);
                using var result = new NativeBuffer<float>(Rows * Columns);
                var (lines, columns) = (a.ToDoubles().Chunk(depth).ToArray(), b.ToDoubles().Chunk(depth).ToArray());
                var exact = (from line in lines from column in columns select Dot(line, column)).ToArray();
                var norms = (from line in lines from column in columns select Math.Sqrt(Dot(line, line) * Dot(column, column))).ToArray();
                foreach (var team in variants.All)
                {
                    Gemm.Multiply(team, Rows, Columns, depth, new MatrixView(left, depth), new MatrixView(right, depth, transposed: true), result, Columns, precision: Precision.Bf16);
                    // A 256th for each of two factors: a 128th of each product, whose sizes sum to at most the product of the norms. Of integers a rounding by
                    // half of one, the 64,000th of a norm, of up to 768 numbers, against as many of the other line.
                    var part = team.Isa == Isa.Assembled && MicroKernels.Bf16.Exists && MicroKernelAssembler.IsScaledInt16(MicroKernels.Bf16.Kind) ? 1100 : 127;
                    for (var i = 0; i < Rows * Columns; i++)
                    {
                        Assert.Equal(exact[i], result.Span[i], norms[i] / part);
                    }
                }

                float[] Values(ulong seed, int lines, bool outliers)
                {
                    var values = RandomValues.Normal(seed, lines * depth);
                    for (var i = 0; i < values.Length && outliers; i += 100)
                    {
                        values[i] *= 100;
                    }
                    return values;
                }
            },
            iter: 10, threads: 1);

        static double Dot(double[] a, double[] b) => a.Zip(b, (left, right) => left * right).Sum();
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void What_is_not_a_number_makes_its_row_and_column_so_and_no_other(Precision precision)
    {
        const int Size = 40;
        using var variants = new KernelVariants();
        foreach (var (team, value) in variants.All.SelectMany(team => new[] { (team, float.NaN), (team, float.PositiveInfinity), (team, float.NegativeInfinity) }))
        {
            using var a = new NativeBuffer<float>(RandomValues.Normal(1, Size * Size));
            using var b = new NativeBuffer<float>(RandomValues.Normal(2, Size * Size));
            using var c = new NativeBuffer<float>(Size * Size);
            (a.Span[(7 * Size) + 20], b.Span[(11 * Size) + 30]) = (value, value); // of row 7 and column 30
            Gemm.Multiply(team, Size, Size, Size, new MatrixView(a, Size), new MatrixView(b, Size), c, Size, precision: precision);
            for (var i = 0; i < Size * Size; i++)
            {
                Assert.Equal(i / Size != 7 && i % Size != 30, float.IsFinite(c.Span[i]));
            }
        }
    }

    [Fact]
    public void What_is_too_large_for_bf16_is_not_a_number_and_harms_no_other_row()
    {
        const int Size = 40;
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            using var a = new NativeBuffer<float>(RandomValues.Normal(1, Size * Size));
            using var b = new NativeBuffer<float>(RandomValues.Normal(2, Size * Size));
            using var c = new NativeBuffer<float>(Size * Size);
            using var expected = new NativeBuffer<float>(Size * Size);
            Gemm.Multiply(team, Size, Size, Size, new MatrixView(a, Size), new MatrixView(b, Size), expected, Size, precision: Precision.Bf16);
            a.Span[(7 * Size) + 20] = 1e20f; // its square is beyond float32
            Gemm.Multiply(team, Size, Size, Size, new MatrixView(a, Size), new MatrixView(b, Size), c, Size, precision: Precision.Bf16);
            for (var i = 0; i < Size * Size; i++)
            {
                var (isRow, actual) = (i / Size == 7, c.Span[i]);
                Assert.True(isRow ? float.IsNaN(actual) || Math.Abs(actual) > 1e15 : actual == expected.Span[i]);
            }
        }
    }

    [Theory]
    [InlineData(1e-30f, 1)] // what is lost is nothing beside 1e-18
    [InlineData(2.6e-23f, 1)] // a square that rounds to 0, and one that does not
    [InlineData(1e-15f, 1e15f)]
    [InlineData(1e15f, 1e-15f)]
    [InlineData(5e17f, 1e-10f)] // squares of these have sums just below the largest float
    public void Bf16_has_room_for_large_and_small_numbers(float ofA, float ofB)
    {
        const int Depth = 600;
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            using var a = new NativeBuffer<float>([1.2f * ofA, .. Enumerable.Repeat(ofA, Depth - 1)]);
            using var b = new NativeBuffer<float>([.. Enumerable.Repeat(ofB, Depth)]);
            using var c = new NativeBuffer<float>(1);
            Gemm.Multiply(team, 1, 1, Depth, new MatrixView(a, Depth), new MatrixView(b, 1), c, 1, precision: Precision.Bf16);
            var exact = (Depth + 0.2) * ofA * ofB;
            Assert.Equal(exact, c.Span[0], Math.Max(exact / 100, Depth * 1e-18 / 64_000 * ofB));
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
    [InlineData(4609, 4704)] // what one job takes of inner indices, and what its last slab takes more
    [InlineData(4705, 5000)]
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

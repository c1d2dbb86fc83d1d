using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmPackingTests
{
    private static readonly Gen<(int Lines, int Depth, bool AlongDepth, bool OfB, ulong Seed)> Cases
        = Gen.Select(Gen.Int[1, 70], Gen.Int[1, 70], Gen.Bool, Gen.Bool, Gen.ULong);

    [Fact]
    public void Panels_of_floats_hold_each_line_across_the_panel()
        => Cases.Sample(c => Check(c, Gemm.PanelFormat.Float32, value => value), iter: 30, threads: 1);

    [Fact]
    public void Panels_of_rounded_floats_hold_bf16_values()
        => Cases.Sample(c => Check(c, Gemm.PanelFormat.RoundedFloat32, SimdScalar.RoundToBFloat16), iter: 30, threads: 1);

    [Fact]
    public void Panels_of_bf16_pairs_hold_each_pair_of_inner_indices_in_four_bytes()
        => Cases.Sample(c => Check(c, Gemm.PanelFormat.BFloat16Pairs, SimdScalar.RoundToBFloat16), iter: 30, threads: 1);

    [Fact]
    public void Panels_of_b_for_tile_registers_are_pairs_with_zeros_up_to_a_whole_block()
        => Cases.Sample(c => Check(c, Gemm.PanelFormat.BFloat16Tiles, SimdScalar.RoundToBFloat16), iter: 30, threads: 1);

    [Fact]
    public void Panels_for_tile_registers_hold_32_inner_indices_of_each_row_beside_each_other_and_zeros_after_the_last()
    {
        Assert.SkipUnless(Avx512BW.IsSupported, "needs AVX512BW");
        Cases.Sample(
            c =>
            {
                const int Rows = 32, Depth = 32; // of a block
                var values = RandomValues.Normal(c.Seed, c.Lines * c.Depth);
                var blocks = (c.Depth + Depth - 1) / Depth;
                var stride = (blocks * Rows * Depth / 2) + 16;
                using var source = new NativeBuffer<float>(values);
                using var destination = new NativeBuffer<float>((c.Lines + Rows - 1) / Rows * stride);
                destination.Span.Fill(float.NaN);
                Gemm.PackTiles(new MatrixView(source, c.AlongDepth ? c.Depth : c.Lines, transposed: !c.AlongDepth), c.Lines, c.Depth, destination, stride);
                for (var line = 0; line < c.Lines; line++)
                {
                    for (var p = 0; p < blocks * Depth; p++)
                    {
                        var expected = p >= c.Depth ? 0 : SimdScalar.RoundToBFloat16(values[c.AlongDepth ? (line * c.Depth) + p : (p * c.Lines) + line]);
                        var row = destination.Span.Slice((line / Rows * stride) + (((p / Depth * Rows) + (line % Rows)) * Depth / 2), Depth / 2);
                        Assert.Equal(expected, BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Cast<float, ushort>(row)[p % Depth] << 16));
                    }
                }
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public void Panels_of_scaled_integers_hold_pairs_of_them_and_then_the_scale_of_each_line()
    {
        using var variants = new KernelVariants();
        Gen.Select(Cases, Gen.Frequency((3, Gen.Const(0)), (1, Gen.Int[1, 700]))).Sample(
            (c, more) =>
            {
                var depth = c.Depth + more;
                var values = RandomValues.Normal(c.Seed, c.Lines * depth);
                var steps = (depth + 1) / 2;
                foreach (var team in variants.All.Where(team => team.Vectors.Lanes() >= 8)) // others have no kernel for them
                {
                    var (panels, width, stride) = Pack(team, values, c.Lines, depth, c.AlongDepth, c.OfB, 2 * steps, Gemm.PanelFormat.ScaledInt16Pairs);
                    for (var line = 0; line < c.Lines; line++)
                    {
                        var (integers, scale) = Gemm.Reference.ScaledIntegers(
                            [.. Enumerable.Range(0, depth).Select(p => values[c.AlongDepth ? (line * depth) + p : (p * c.Lines) + line])]);
                        var panel = panels.AsSpan(line / width * stride, stride);
                        for (var p = 0; p < 2 * steps; p++)
                        {
                            var actual = MemoryMarshal.Cast<float, short>(panel.Slice((p / 2 * width) + (line % width), 1))[p % 2];
                            var expected = p < depth ? integers[p] : 0;
                            Assert.InRange(actual, expected - Unfused, expected + Unfused);
                        }
                        Assert.Equal(scale, panel[(steps * width) + (line % width)], scale * 1e-6f * Unfused);
                    }
                }
            },
            iter: 30, threads: 1);
    }

    /// <summary>1 where multiply-adds round twice, as on a processor that only imitates wide registers: a half may fall on its other side.</summary>
    private static int Unfused => Fma.IsSupported ? 0 : 1;

    [Theory]
    [InlineData(64, 16)]
    [InlineData(256, 8)]
    [InlineData(768, 4)]
    public void Products_of_scaled_integers_are_so_many_times_nearer_than_those_of_bfloat16_also_with_outliers(int depth, double times)
    {
        const int Lines = 50;
        foreach (var exponent in new[] { 1, 3 }) // normal numbers, and their third powers, of which few make up most of a norm
        {
            var (a, b) = (Values(1), Values(2));
            Assert.InRange(Error(Scaled) * times, 0, Error(line => Array.ConvertAll(line, value => (double)SimdScalar.RoundToBFloat16(value))));

            float[][] Values(ulong seed) => [.. RandomValues.Normal(seed, Lines * depth).Select(value => MathF.Pow(value, exponent)).Chunk(depth)];

            // The root of the mean of squares of what products lose, each beside its lines' norms.
            double Error(Func<float[], double[]> rounded)
                => Math.Sqrt((from left in a from right in b select Loss(left, right, rounded)).Average(loss => loss * loss));
        }

        static double Loss(float[] left, float[] right, Func<float[], double[]> rounded)
        {
            var (exactLeft, exactRight) = (left.ToDoubles(), right.ToDoubles());
            return (Dot(rounded(left), rounded(right)) - Dot(exactLeft, exactRight)) / Math.Sqrt(Dot(exactLeft, exactLeft) * Dot(exactRight, exactRight));
        }

        static double[] Scaled(float[] line)
        {
            var (integers, scale) = Gemm.Reference.ScaledIntegers(line);
            return Array.ConvertAll(integers, integer => integer * (double)scale);
        }

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }

    private static (float[] Panels, int Width, int Stride) Pack(
        Team team, float[] values, int lines, int depth, bool alongDepth, bool ofB, int packedDepth, Gemm.PanelFormat format)
    {
        var width = ofB ? 2 * team.Vectors.Lanes() : team.Vectors == Isa.Vector512 ? 12 : 6; // A's width is no multiple of a register
        var stride = (width * packedDepth) + 16;
        using var source = new NativeBuffer<float>(values);
        using var destination = new NativeBuffer<float>((lines + width - 1) / width * stride);
        destination.Span.Fill(float.NaN);
        var job = new Job
        {
            Source = source, Panels = destination, AlongDepth = alongDepth, Width = width, Lines = lines, Depth = depth, Stride = stride, Format = format,
        };
        team.Run(job, 1);
        return (destination.ToArray(), width, stride);
    }

    private static void Check((int Lines, int Depth, bool AlongDepth, bool OfB, ulong Seed) c, Gemm.PanelFormat format, Func<float, float> rounded)
    {
        using var variants = new KernelVariants();
        var pairs = format is Gemm.PanelFormat.BFloat16Pairs or Gemm.PanelFormat.BFloat16Tiles;
        var multiple = format == Gemm.PanelFormat.BFloat16Tiles ? 32 : pairs ? 2 : 1;
        var packed = (c.Depth + multiple - 1) / multiple * multiple; // inner indices
        var values = RandomValues.Normal(c.Seed, c.Lines * c.Depth);
        foreach (var team in variants.All)
        {
            var (panels, width, stride) = Pack(team, values, c.Lines, c.Depth, c.AlongDepth, c.OfB, packed, format);
            for (var line = 0; line < c.Lines; line++)
            {
                for (var p = 0; p < c.Depth; p++)
                {
                    var expected = rounded(values[c.AlongDepth ? (line * c.Depth) + p : (p * c.Lines) + line]);
                    Assert.Equal(expected, Element(line, p));
                }
                for (var p = c.Depth; p < packed; p++)
                {
                    Assert.Equal(0, Element(line, p));
                }
            }

            float Element(int line, int p)
            {
                var place = panels.AsSpan((line / width * stride) + (p / (pairs ? 2 : 1) * width) + (line % width), 1);
                return pairs ? BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Cast<float, ushort>(place)[p % 2] << 16) : place[0];
            }
        }
    }

    private struct Job : IJob
    {
        internal float* Source;
        internal float* Panels;
        internal bool AlongDepth;
        internal int Width;
        internal int Lines;
        internal int Depth;
        internal int Stride;
        internal Gemm.PanelFormat Format;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => Gemm.PackPanels<S, V>(
                new MatrixView(Source, AlongDepth ? Depth : Lines, transposed: !AlongDepth), AlongDepth, Width, Lines, Lines, Depth, Panels, Stride,
                Format);
    }
}

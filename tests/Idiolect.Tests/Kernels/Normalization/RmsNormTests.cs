using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class RmsNormTests
{
    private const float Epsilon = 1e-6f;

    [Fact]
    public void Reference_gradients_agree_with_finite_differences()
    {
        const int Rows = 3, Width = 7;
        var x = RandomValues.Normal(1, Rows * Width).ToDoubles();
        var gain = RandomValues.Normal(2, Width).ToDoubles();
        var dy = RandomValues.Normal(4, Rows * Width).ToDoubles();
        var y = new double[Rows * Width];
        double Loss()
        {
            RmsNorm.Reference.Forward<double>(x, gain, y, Epsilon);
            return RandomValues.Dot(dy, y);
        }

        var (dx, dGain) = (new double[Rows * Width], new double[Width]);
        RmsNorm.Reference.Backward<double>(dy, x, gain, dx, dGain, Epsilon);

        FiniteDifferences.Check(Loss, x, dx);
        FiniteDifferences.Check(Loss, gain, dGain);
    }

    [Fact]
    public void Every_variant_agrees_with_the_reference()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, KernelShapes.Width, Gen.Bool, Gen.Bool).Sample(
            (rows, width, accumulate, add) =>
            {
                var x = RandomValues.Normal(5, rows * width);
                var addend = RandomValues.Normal(9, rows * width);
                var normalised = add ? x.Zip(addend, (a, b) => a + b).ToArray() : x;
                var gain = RandomValues.Normal(6, width);
                var dy = RandomValues.Normal(8, rows * width);
                var old = accumulate ? 1.0 : 0.0;
                var expected = Expected(normalised, gain, dy);
                for (var i = 0; i < x.Length; i++)
                {
                    expected[x.Length + i] += old;
                }

                variants.Check([.. normalised.ToDoubles(), .. expected], 2e-5 * Math.Sqrt(rows), team =>
                {
                    using var xs = new NativeBuffer<float>(x);
                    using var sum = new NativeBuffer<float>(add ? addend : x); // made in the addend's memory
                    using var gains = new NativeBuffer<float>(gain);
                    using var dys = new NativeBuffer<float>(dy);
                    using var y = new NativeBuffer<float>(x.Length);
                    using var inverse = new NativeBuffer<float>(rows);
                    using var dx = new NativeBuffer<float>(Enumerable.Repeat((float)old, x.Length).ToArray());
                    using var dGain = new NativeBuffer<float>(width);
                    var added = add ? sum.Pointer : null;
                    RmsNorm.Forward(team, xs, gains, y, inverse, rows, width, Epsilon, added, added);
                    RmsNorm.Backward(team, dys, sum, gains, inverse, dx, accumulate, dGain, rows, width);
                    return [.. sum.ToArray(), .. y.ToArray(), .. dx.ToArray(), .. dGain.ToArray()];
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void Heads_inside_a_fused_row_are_normalised_and_the_rest_is_left_alone()
    {
        const int Tokens = 5, Heads = 3, HeadSize = 6, FusedWidth = 40, Offset = 2;
        var rows = Tokens * Heads;
        var fused = RandomValues.Normal(1, Tokens * FusedWidth);
        var gain = RandomValues.Normal(2, HeadSize);
        var dy = RandomValues.Normal(3, rows * HeadSize);
        var inFused = new RowLayout(Heads, FusedWidth, HeadSize);
        var packed = new float[rows * HeadSize];
        for (var i = 0; i < packed.Length; i++)
        {
            packed[i] = fused[FusedIndex(i)];
        }
        var reference = Expected(packed, gain, dy);
        var dFused = new double[fused.Length];
        for (var i = 0; i < packed.Length; i++)
        {
            dFused[FusedIndex(i)] = reference[packed.Length + i];
        }

        using var variants = new KernelVariants();
        variants.Check([.. reference[..packed.Length], .. dFused, .. reference[(2 * packed.Length)..]], 1e-5, team =>
        {
            using var x = new NativeBuffer<float>(fused);
            using var gains = new NativeBuffer<float>(gain);
            using var dys = new NativeBuffer<float>(dy);
            using var y = new NativeBuffer<float>(packed.Length);
            using var inverse = new NativeBuffer<float>(rows);
            using var dx = new NativeBuffer<float>(fused.Length);
            using var dGain = new NativeBuffer<float>(HeadSize);
            var contiguous = RowLayout.Contiguous(HeadSize);
            RmsNorm.Forward(team, x.Pointer + Offset, inFused, gains, y, contiguous, inverse, rows, HeadSize, Epsilon);
            RmsNorm.Backward(
                team, dys, contiguous, x.Pointer + Offset, inFused, gains, inverse, dx.Pointer + Offset, false, dGain, rows, HeadSize);
            return [.. y.ToArray(), .. dx.ToArray(), .. dGain.ToArray()];
        });

        static int FusedIndex(int i)
            => Offset + ((i / (Heads * HeadSize)) * FusedWidth) + (i % (Heads * HeadSize));
    }

    /// <summary>y, dx and dGain of the reference.</summary>
    private static double[] Expected(float[] x, float[] gain, float[] dy)
    {
        var (y, dx, dGain) = (new double[x.Length], new double[x.Length], new double[gain.Length]);
        RmsNorm.Reference.Forward<double>(x.ToDoubles(), gain.ToDoubles(), y, Epsilon);
        RmsNorm.Reference.Backward<double>(dy.ToDoubles(), x.ToDoubles(), gain.ToDoubles(), dx, dGain, Epsilon);
        return [.. y, .. dx, .. dGain];
    }
}

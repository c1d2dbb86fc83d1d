using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class LayerNormTests
{
    private const float Epsilon = 1e-5f;

    [Fact]
    public void Reference_gradients_agree_with_finite_differences()
    {
        const int Rows = 3, Width = 7;
        var x = RandomValues.Normal(1, Rows * Width).ToDoubles();
        var gain = RandomValues.Normal(2, Width).ToDoubles();
        var bias = RandomValues.Normal(3, Width).ToDoubles();
        var dy = RandomValues.Normal(4, Rows * Width).ToDoubles();
        var y = new double[Rows * Width];
        double Loss()
        {
            LayerNorm.Reference.Forward<double>(x, gain, bias, y, Epsilon);
            return RandomValues.Dot(dy, y);
        }

        var (dx, dGain, dBias) = (new double[Rows * Width], new double[Width], new double[Width]);
        LayerNorm.Reference.Backward<double>(dy, x, gain, dx, dGain, dBias, Epsilon);

        FiniteDifferences.Check(Loss, x, dx);
        FiniteDifferences.Check(Loss, gain, dGain);
        FiniteDifferences.Check(Loss, bias, dBias);
    }

    [Fact]
    public void Every_variant_agrees_with_the_reference()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, KernelShapes.Width, Gen.Bool, Gen.Bool).Sample(
            (rows, width, flag, add) =>
            {
                var x = Array.ConvertAll(RandomValues.Normal(5, rows * width), value => value + 3); // a mean that is not 0
                var addend = add ? RandomValues.Normal(9, rows * width) : [];
                var sum = add ? x.Zip(addend, (a, b) => (double)(a + b)).ToArray() : x.ToDoubles();
                var gain = RandomValues.Normal(6, width);
                var bias = flag ? RandomValues.Normal(7, width) : [];
                var dy = RandomValues.Normal(8, rows * width);
                var old = flag ? 1.0 : 0.0;
                var y = new double[rows * width];
                LayerNorm.Reference.Forward<double>(sum, gain.ToDoubles(), bias.ToDoubles(), y, Epsilon);
                var (dx, dGain, dBias) = (new double[rows * width], new double[width], new double[width]);
                LayerNorm.Reference.Backward<double>(dy.ToDoubles(), sum, gain.ToDoubles(), dx, dGain, dBias, Epsilon);
                double[] expected = [.. sum, .. y, .. dx.Select(value => value + old), .. dGain.Select(value => value + 1), .. dBias];

                variants.Check(expected, 2e-5 * Math.Max(1, Math.Sqrt(rows)), team => Run(team, x, addend, gain, bias, dy, flag));
            },
            iter: 10,
            threads: 1);
    }

    /// <summary>What is normalised, its norm, and the gradients. With an addend the sum is made in its memory.</summary>
    private static float[] Run(Team team, float[] x, float[] addend, float[] gain, float[] bias, float[] dy, bool accumulate)
    {
        var width = gain.Length;
        var rows = x.Length / width;
        using var xs = new NativeBuffer<float>(x);
        using var sum = new NativeBuffer<float>(addend.Length == 0 ? x : addend);
        using var gains = new NativeBuffer<float>(gain);
        using var biases = new NativeBuffer<float>(bias);
        using var dys = new NativeBuffer<float>(dy);
        using var y = new NativeBuffer<float>(x.Length);
        using var mean = new NativeBuffer<float>(rows);
        using var inverse = new NativeBuffer<float>(rows);
        using var dx = new NativeBuffer<float>(accumulate ? Enumerable.Repeat(1f, x.Length).ToArray() : new float[x.Length]);
        using var dGain = new NativeBuffer<float>(Enumerable.Repeat(1f, width).ToArray());
        using var dBias = new NativeBuffer<float>(width);
        var added = addend.Length == 0 ? null : sum.Pointer;
        LayerNorm.Forward(
            team, xs, gains, bias.Length == 0 ? null : biases.Pointer, y, mean, inverse, rows, width, Epsilon, added, added);
        LayerNorm.Backward(team, dys, sum, gains, mean, inverse, dx, accumulate, dGain, dBias, rows, width);
        return [.. sum.ToArray(), .. y.ToArray(), .. dx.ToArray(), .. dGain.ToArray(), .. dBias.ToArray()];
    }
}

using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class SwiGluTests
{
    [Fact]
    public void Reference_gradient_agrees_with_finite_differences()
    {
        const int Rows = 2, Width = 5;
        var gateUp = RandomValues.Normal(1, 2 * Rows * Width).ToDoubles();
        var dy = RandomValues.Normal(2, Rows * Width).ToDoubles();
        var y = new double[Rows * Width];
        var gradient = new double[gateUp.Length];
        SwiGlu.Reference.Backward<double>(dy, gateUp, gradient, Width);

        FiniteDifferences.Check(
            () =>
            {
                SwiGlu.Reference.Forward<double>(gateUp, y, Width);
                return RandomValues.Dot(dy, y);
            },
            gateUp,
            gradient);
    }

    [Fact]
    public void Every_variant_agrees_with_the_reference()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, KernelShapes.Width).Sample(
            (rows, width) =>
            {
                var gateUp = RandomValues.Normal(1, 2 * rows * width, scale: 2);
                var dy = RandomValues.Normal(2, rows * width);
                var y = new double[rows * width];
                var gradient = new double[gateUp.Length];
                SwiGlu.Reference.Forward<double>(gateUp.ToDoubles(), y, width);
                SwiGlu.Reference.Backward<double>(dy.ToDoubles(), gateUp.ToDoubles(), gradient, width);

                variants.Check([.. y, .. gradient], 2e-6, team =>
                {
                    using var x = new NativeBuffer<float>(gateUp);
                    using var output = new NativeBuffer<float>(y.Length);
                    using var dys = new NativeBuffer<float>(dy);
                    using var dx = new NativeBuffer<float>(gateUp.Length);
                    SwiGlu.Forward(team, x, output, rows, width);
                    SwiGlu.Backward(team, dys, x, dx, rows, width);
                    return [.. output.ToArray(), .. dx.ToArray()];
                });
            },
            iter: 10,
            threads: 1);
    }
}

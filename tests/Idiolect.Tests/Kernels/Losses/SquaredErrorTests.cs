using CsCheck;
using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class SquaredErrorTests
{
    [Fact]
    public void Reference_gradient_agrees_with_finite_differences()
    {
        double[] y = [0.3, -2, 1.5, 0];
        double[] targets = [1, -1, 1.5, 4];
        double[] roots = [1, 0.5, 2, 0];
        var gradient = new double[4];
        SquaredError.Reference.Forward<double>(y, targets, roots, gradient);

        FiniteDifferences.Check(() => SquaredError.Reference.Forward<double>(y, targets, roots, new double[4]), y, gradient);
    }

    [Fact]
    public void Every_variant_agrees_with_the_reference()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Count, Gen.Bool).Sample(
            (count, accumulate) =>
            {
                var y = RandomValues.Normal(1, count);
                var targets = RandomValues.Normal(2, count);
                var roots = RandomValues.Normal(3, count);
                var gradient = new double[count];
                var loss = SquaredError.Reference.Forward<double>(y.ToDoubles(), targets.ToDoubles(), roots.ToDoubles(), gradient);
                double[] expected = [loss, .. gradient.Select((value, i) => value + (accumulate ? y[i] : 0))];

                variants.Check(expected, 2e-5, team =>
                {
                    using var ys = new NativeBuffer<float>(y);
                    using var ts = new NativeBuffer<float>(targets);
                    using var rs = new NativeBuffer<float>(roots);
                    using var errors = new NativeBuffer<float>(count);
                    using var dy = new NativeBuffer<float>(y);
                    var sum = SquaredError.Forward(team, ys, ts, rs, errors, count);
                    SquaredError.Backward(team, errors, rs, dy, accumulate, count);
                    return [(float)sum, .. dy.ToArray()];
                });
            },
            iter: 5,
            threads: 1);
    }

    [Fact]
    public void The_operation_is_a_weighted_mean()
    {
        using var tape = new Tape(recording: false);
        var y = tape.CreateFrom(new Shape(1, 4), [1, 2, 3, 4]);

        Assert.Equal((1 + 4 + 9 + 16) / 4f, SquaredErrorOperation.Apply(tape, y, new float[4]).Item(), 1e-6f);
        Assert.Equal((2 * 4) / 4f, SquaredErrorOperation.Apply(tape, y, new float[4], [0, 2, 0, 0]).Item(), 1e-6f);
        Assert.Throws<ArgumentException>(() => SquaredErrorOperation.Apply(tape, y, new float[3]));
    }

    [Fact]
    public void It_equals_PyTorchs() => OperationGolden.Compare("squared_error", (golden, team) =>
    {
        using var y = golden.Input("y");
        using var targets = golden.Input("targets");
        using var roots = golden.Input("weights");
        foreach (ref var weight in roots.Span)
        {
            weight = MathF.Sqrt(2 * weight / roots.Length);
        }
        using var errors = golden.Unset("y");
        using var dy = golden.Unset("dy");
        golden.AssertEqual("loss", [(float)SquaredError.Forward(team, y, targets, roots, errors, y.Length)]);
        SquaredError.Backward(team, errors, roots, dy, accumulate: false, y.Length);
        golden.AssertEqual("dy", dy);
    });
}

using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class ActivationTests
{
    private static readonly ActivationKind[] Kinds = Enum.GetValues<ActivationKind>();

    public static TheoryData<string> KindNames => [.. Kinds.Select(kind => kind.ToString())];

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Reference_derivatives_agree_with_finite_differences(string name)
    {
        var kind = Enum.Parse<ActivationKind>(name);
        double[] x = [-7.5, -3, -1, -0.4, 0.2, 0.7, 1.5, 4, 9];
        var derivatives = Array.ConvertAll(x, value => Activation.Reference.Derivative(kind, value));

        FiniteDifferences.Check(() => x.Sum(value => Activation.Reference.Forward(kind, value)), x, derivatives);
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Every_variant_agrees_with_the_reference(string name)
    {
        var kind = Enum.Parse<ActivationKind>(name);
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Count, Gen.Bool).Sample(
            (count, accumulate) =>
            {
                var x = RandomValues.Normal(1, count, scale: 4);
                var dy = RandomValues.Normal(2, count);
                double[] expected =
                [
                    .. x.Select(value => Activation.Reference.Forward(kind, (double)value)),
                    .. x.Select((value, i) =>
                        (dy[i] * Activation.Reference.Derivative(kind, (double)value)) + (accumulate ? dy[i] : 0)),
                ];

                variants.Check(expected, 2e-6, team =>
                {
                    using var xs = new NativeBuffer<float>(x);
                    using var y = new NativeBuffer<float>(count);
                    using var dys = new NativeBuffer<float>(dy); // the gradient is written over it
                    Activation.Forward(team, kind, xs, y, count);
                    Activation.Backward(team, kind, dys, xs, dys, accumulate, count);
                    return [.. y.ToArray(), .. dys.ToArray()];
                });
            },
            iter: 5,
            threads: 1);
    }

    [Theory]
    [MemberData(nameof(KindNames))]
    public void Extreme_inputs_give_finite_results_and_NaN_stays_NaN(string name)
    {
        var kind = Enum.Parse<ActivationKind>(name);
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            using var x = new NativeBuffer<float>([-1e4f, -100, -20, 20, 100, 1e4f, float.NaN]);
            using var y = new NativeBuffer<float>(7);
            Activation.Forward(team, kind, x, y, 7);
            Assert.All(y.ToArray()[..3], value => Assert.Equal(0f, value, 1e-6f));
            Assert.All(y.ToArray()[3..6], value => Assert.True(float.IsFinite(value) && value >= 20));
            Assert.True(float.IsNaN(y.Span[6]), $"{team.Isa} hides NaN.");
        }
    }

    [Fact]
    public void Exact_GELU_keeps_its_relative_accuracy_in_the_lower_tail()
    {
        float[] x = [-5, -4, -3, -2, -1, -0.1f, 0.1f, 3];
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            using var xs = new NativeBuffer<float>(x);
            using var y = new NativeBuffer<float>(x.Length);
            Activation.Forward(team, ActivationKind.Gelu, xs, y, x.Length);
            for (var i = 0; i < x.Length; i++)
            {
                var expected = Activation.Reference.Forward(ActivationKind.Gelu, (double)x[i]);
                Assert.InRange(y.Span[i] / expected, 1 - 2e-6, 1 + 2e-6);
            }
        }
    }
}

using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class RopeTests
{
    private const double Theta = 10000;

    [Fact]
    public void Every_variant_agrees_with_the_reference_and_leaves_other_columns_alone()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, Gen.Int[1, 5], Gen.Int[1, 40], Gen.Bool).Sample(
            (rows, heads, half, inverse) =>
            {
                var headSize = 2 * half;
                var stride = (heads * headSize) + 3;
                var x = RandomValues.Normal(1, rows * stride);
                var positions = Enumerable.Range(0, rows).Select(row => row * 7 % 50).ToArray();
                var expected = x.ToDoubles();
                for (var row = 0; row < rows; row++)
                {
                    for (var head = 0; head < heads; head++)
                    {
                        Rope.Reference.Apply(
                            expected.AsSpan((row * stride) + (head * headSize), headSize), positions[row], Theta, inverse);
                    }
                }

                variants.Check(expected, 1e-6, team =>
                {
                    using var xs = new NativeBuffer<float>(x);
                    using var position = new NativeBuffer<int>(positions);
                    using var cosine = new NativeBuffer<float>(50 * half);
                    using var sine = new NativeBuffer<float>(50 * half);
                    Rope.FillTables(cosine, sine, 50, headSize, Theta);
                    Rope.Apply(team, xs, rows, stride, heads, headSize, position, cosine, sine, inverse);
                    return xs.ToArray();
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void The_inverse_is_the_gradient()
    {
        var x = RandomValues.Normal(1, 8).ToDoubles();
        var dy = RandomValues.Normal(2, 8).ToDoubles();
        var gradient = dy.ToArray();
        Rope.Reference.Apply<double>(gradient, 5, Theta, inverse: true);

        FiniteDifferences.Check(
            () =>
            {
                var y = x.ToArray();
                Rope.Reference.Apply<double>(y, 5, Theta, inverse: false);
                return RandomValues.Dot(dy, y);
            },
            x,
            gradient);
    }

    [Fact]
    public void Scores_depend_on_the_distance_of_positions_only()
    {
        var query = RandomValues.Normal(1, 16).ToDoubles();
        var key = RandomValues.Normal(2, 16).ToDoubles();

        Assert.Equal(Score(3, 1), Score(40, 38), 1e-12);

        double Score(int queryPosition, int keyPosition)
        {
            var (q, k) = (query.ToArray(), key.ToArray());
            Rope.Reference.Apply<double>(q, queryPosition, Theta, inverse: false);
            Rope.Reference.Apply<double>(k, keyPosition, Theta, inverse: false);
            return RandomValues.Dot(q, k);
        }
    }
}

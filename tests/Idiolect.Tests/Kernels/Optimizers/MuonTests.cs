using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class MuonTests
{
    private static readonly MuonParameters Parameters = new(LearningRate: 0.1, Momentum: 0.9, WeightDecay: 0.2, GradientScale: 0.5);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 40)]
    [InlineData(33, 1)]
    [InlineData(17, 17)]
    [InlineData(19, 45)]
    [InlineData(67, 23)]
    public void Every_variant_agrees_with_the_reference_over_several_steps(int rows, int columns)
    {
        const int Steps = 3;
        using var variants = new KernelVariants();
        var count = rows * columns;
        var weights = RandomValues.Normal(1, count);
        var expected = weights.ToDoubles();
        var m = new double[count];
        for (var step = 1; step <= Steps; step++)
        {
            Muon.Reference.Step<double>(expected, Gradients(step).ToDoubles(), m, rows, columns, Parameters);
        }

        variants.Check([.. expected, .. m], 2e-5, team =>
        {
            using var w = new NativeBuffer<float>(weights);
            using var momentum = new NativeBuffer<float>(count);
            using var gradients = new NativeBuffer<float>(count);
            using var scratch = new NativeBuffer<float>((int)Muon.ScratchLength(rows, columns));
            for (var step = 1; step <= Steps; step++)
            {
                Gradients(step).CopyTo(gradients.Span);
                Muon.Step(team, new MuonMatrix(w, gradients, momentum, rows, columns), scratch, Parameters, Precision.Fp32);
            }
            return [.. w.ToArray(), .. momentum.ToArray()];
        });

        float[] Gradients(int step) => RandomValues.Normal((ulong)step + 10, count);
    }

    [Theory]
    [InlineData(1, Precision.Fp32)]
    [InlineData(2, Precision.Fp32)] // threads take whole matrices
    [InlineData(2, Precision.Bf16)]
    [InlineData(4, Precision.Fp32)] // too few of them
    public void Matrices_have_the_bits_of_one_after_the_other_on_any_number_of_threads(int threads, Precision precision)
    {
        (int Rows, int Columns)[] shapes = [(17, 45), (130, 40), (64, 64), (1, 9), (300, 130), (40, 130)];
        using var one = new Team(1, IsaSelector.Default);
        using var many = new Team(threads, IsaSelector.Default);
        Assert.Equal(
            Updated((matrices, scratch) =>
            {
                foreach (var matrix in matrices)
                {
                    Muon.Step(one, matrix, (float*)scratch, Parameters, precision);
                }
            }),
            Updated((matrices, scratch) => Muon.Step(many, matrices, (float*)scratch, Parameters, precision)));

        float[] Updated(Action<MuonMatrix[], nint> step)
        {
            NativeBuffer<float>[] Filled(ulong seed) => [.. shapes.Select((shape, i) => new NativeBuffer<float>(RandomValues.Normal(seed + (ulong)i, shape.Rows * shape.Columns)))];
            var (weights, gradients, momenta) = (Filled(1), Filled(100), Filled(200));
            using var scratch = new NativeBuffer<float>((int)shapes.Max(shape => Muon.ScratchLength(shape.Rows, shape.Columns)));
            step(
                [.. shapes.Select((shape, i) => new MuonMatrix(weights[i].Pointer, gradients[i].Pointer, momenta[i].Pointer, shape.Rows, shape.Columns))],
                (nint)scratch.Pointer);
            float[] result = [.. weights.Concat(momenta).SelectMany(buffer => buffer.ToArray())];
            foreach (var buffer in weights.Concat(gradients).Concat(momenta))
            {
                buffer.Dispose();
            }
            return result;
        }
    }

    [Theory]
    [InlineData(12, 30)]
    [InlineData(30, 12)]
    public void All_singular_values_come_near_1(int rows, int columns)
    {
        // A matrix whose rows (or columns) are orthogonal stays so: the singular values are their lengths.
        var matrix = new double[rows * columns];
        var side = Math.Min(rows, columns);
        for (var i = 0; i < side; i++)
        {
            matrix[(i * columns) + i] = Math.Pow(0.7, i);
        }
        var result = Muon.Reference.Orthogonalize<double>(matrix, rows, columns);
        for (var i = 0; i < matrix.Length; i++)
        {
            var isDiagonal = i / columns == i % columns;
            Assert.InRange(result[i], isDiagonal ? 0.6 : -1e-12, isDiagonal ? 1.25 : 1e-12);
        }
    }

    [Fact]
    public void A_gradient_of_zeros_only_decays_the_weights()
    {
        double[] weights = [1, -2, 3, 4];
        Muon.Reference.Step<double>(weights, new double[4], new double[4], 2, 2, Parameters);
        Assert.Equal([0.98, -1.96, 2.94, 3.92], weights.Select(value => Math.Round(value, 12)));
    }
}

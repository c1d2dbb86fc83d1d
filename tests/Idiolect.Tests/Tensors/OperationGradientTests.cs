using Idiolect.Tensors;
using Idiolect.Tests.Kernels;

namespace Idiolect.Tests.Tensors;

/// <summary>
/// Every operation that models and losses are composed of: its value against the formula in double, its gradient against finite differences
/// of the formula.
/// </summary>
public sealed unsafe class OperationGradientTests : IDisposable
{
    private readonly Tape _tape = new();

    [Fact]
    public void Sum_of_two_tensors() => Check((a, b) => a.Add(b), (a, b) => a.Zip(b, (x, y) => x + y), new Shape(2, 3));

    [Fact]
    public void Difference() => Check((a, b) => a.Subtract(b), (a, b) => a.Zip(b, (x, y) => x - y), new Shape(2, 3));

    [Fact]
    public void Product() => Check((a, b) => a.Multiply(b), (a, b) => a.Zip(b, (x, y) => x * y), new Shape(2, 3, 5));

    [Fact]
    public void Product_of_a_tensor_with_itself() => Check(a => a.Multiply(a), a => a.Select(x => x * x), new Shape(7));

    [Fact]
    public void Minimum() => Check((a, b) => a.Minimum(b), (a, b) => a.Zip(b, Math.Min), new Shape(4, 5));

    [Fact]
    public void Multiple_and_constant() => Check(a => a.Scale(-2.5f).Add(0.75f), a => a.Select(x => (-2.5 * x) + 0.75), new Shape(6));

    [Fact]
    public void Exponential() => Check(a => a.Exp(), a => a.Select(Math.Exp), new Shape(6));

    [Fact]
    public void Logarithm_of_the_sigmoid() => Check(a => a.LogSigmoid(), a => a.Select(x => -Math.Log(1 + Math.Exp(-x))), new Shape(9));

    [Fact]
    public void Clip() => Check(a => a.Clip(-0.5f, 0.4f), a => a.Select(x => Math.Clamp(x, -0.5, 0.4f)), new Shape(20));

    [Fact]
    public void Sum_and_mean()
    {
        Check(a => a.Sum(), a => [a.Sum()], new Shape(3, 5));
        Check(a => a.Mean(), a => [a.Average()], new Shape(3, 5));
        Check(a => a.SumRows(), a => a.Chunk(5).Select(row => row.Sum()), new Shape(2, 3, 5));
    }

    [Fact]
    public void Columns() => Check(a => a.Columns(1, 3), a => a.Chunk(5).SelectMany(row => row[1..4]), new Shape(2, 2, 5));

    [Fact]
    public void Delay() => Check(
        a => a.Delay(2),
        a => a.Chunk(4 * 3).SelectMany(text => Enumerable.Repeat(0.0, 6).Concat(text[..6])), // (2, 4, 3), two steps later
        new Shape(2, 4, 3));

    [Fact]
    public void Heads_split_and_merge()
    {
        // (1, 2, 2 * 3): row t holds heads 0 and 1
        Check(a => a.SplitHeads(2), a => [.. a[..3], .. a[6..9], .. a[3..6], .. a[9..12]], new Shape(1, 2, 6));
        Check(a => a.SplitHeads(2).MergeHeads(2), a => a, new Shape(2, 3, 4));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Matrix_product_of_a_batch(bool transposed)
    {
        const int Batch = 2, M = 3, K = 4, N = 5;
        Check(
            (a, b) => a.MatrixMultiply(b, transposed),
            (a, b) => from i in Enumerable.Range(0, Batch)
                      from m in Enumerable.Range(0, M)
                      from n in Enumerable.Range(0, N)
                      select Enumerable.Range(0, K).Sum(k => a[(((i * M) + m) * K) + k] * b[(i * K * N) + (transposed ? (n * K) + k : (k * N) + n)]),
            new Shape(Batch, M, K), transposed ? new Shape(Batch, N, K) : new Shape(Batch, K, N));
    }

    [Fact]
    public void Softmax() => Check(a => a.Softmax(), a => a.Chunk(5).SelectMany(row => SoftmaxOf(row, 5)), new Shape(3, 5));

    [Fact]
    public void Causal_softmax_hides_later_keys()
        => Check(a => a.Softmax(causal: true), a => a.Chunk(5).SelectMany((row, i) => SoftmaxOf(row, 5 - 3 + (i % 3) + 1)), new Shape(2, 3, 5));

    [Fact]
    public void Attention_composed_of_its_parts_is_the_attention()
    {
        const int Heads = 2, Size = 8, Time = 5;
        var values = RandomValues.Normal(3, 2 * Time * 3 * Heads * Size);
        var qkv = _tape.CreateFrom(new Shape(2, Time, 3 * Heads * Size), values);
        var query = qkv.Columns(0, Heads * Size).SplitHeads(Heads);
        var key = qkv.Columns(Heads * Size, Heads * Size).SplitHeads(Heads);
        var value = qkv.Columns(2 * Heads * Size, Heads * Size).SplitHeads(Heads);
        var composed = query.MatrixMultiply(key, transposed: true).Scale(1 / MathF.Sqrt(Size)).Softmax(causal: true).MatrixMultiply(value).MergeHeads(Heads);
        var fused = qkv.Attend(Heads).ToArray();
        Assert.Equal(fused.Length, composed.Shape.Count);
        Assert.All(fused.Zip(composed.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Squared_error_honours_the_gradient_from_above()
        => Check(a => Loss.SquaredError(a, [1, -1, 0.5f]).Scale(3), a => [a.Zip([1, -1, 0.5], (x, t) => (x - t) * (x - t)).Sum()], new Shape(3));

    [Fact]
    public void A_gradient_that_several_operations_add_to_is_their_sum()
        => Check(
            a => a.Columns(0, 2).Add(a.Columns(1, 2)).Multiply(a.Columns(0, 2)).Sum(),
            a => [a.Chunk(3).Sum(row => ((row[0] + row[1]) * row[0]) + ((row[1] + row[2]) * row[1]))], new Shape(2, 3));

    [Fact]
    public void Tensors_of_different_shapes_or_tapes_are_refused()
    {
        using var other = new Tape();
        var a = _tape.CreateZeros(new Shape(2, 3));
        Assert.Throws<ArgumentException>(() => a.Add(_tape.CreateZeros(new Shape(3, 2))));
        Assert.Throws<ArgumentException>(() => a.Multiply(other.CreateZeros(new Shape(2, 3))));
        Assert.Throws<ArgumentException>(() => a.MatrixMultiply(a));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Columns(2, 2));
        Assert.Throws<ArgumentException>(() => _tape.CreateZeros(new Shape(1, 2, 5)).SplitHeads(2));
        Assert.Throws<ArgumentException>(() => a.Clip(1, 0));
        Assert.Throws<ArgumentException>(() => a.Rows(_tape.CreateIntegers(new Shape(1), [2])));
    }

    [Fact]
    public void A_handle_that_was_given_up_throws_and_reads_no_memory_of_others()
    {
        var a = _tape.CreateZeros(new Shape(2));
        var sum = a.AddInPlace(_tape.CreateZeros(new Shape(2)));
        Assert.Throws<InvalidOperationException>(() => a.ToArray());
        Assert.Throws<InvalidOperationException>(() => a.Add(sum));
        sum.Dispose();
        Assert.Throws<InvalidOperationException>(() => sum.Item());
        var next = _tape.CreateZeros(new Shape(2));
        _tape.Reset();
        Assert.Throws<InvalidOperationException>(() => next.ToArray());
    }

    public void Dispose() => _tape.Dispose();

    private static IEnumerable<double> SoftmaxOf(double[] row, int seen)
    {
        var sum = row.Take(seen).Sum(Math.Exp);
        return row.Select((x, i) => i < seen ? Math.Exp(x) / sum : 0);
    }

    private void Check(Func<Tensor, Tensor> operation, Func<double[], IEnumerable<double>> formula, Shape shape)
        => Check([shape], tensors => operation(tensors[0]), values => formula(values[0]));

    private void Check(Func<Tensor, Tensor, Tensor> operation, Func<double[], double[], IEnumerable<double>> formula, Shape a, Shape? b = null)
        => Check([a, b ?? a], tensors => operation(tensors[0], tensors[1]), values => formula(values[0], values[1]));

    /// <summary>The value, then the gradient of a weighted sum of the outputs by each input.</summary>
    private void Check(Shape[] shapes, Func<Tensor[], Tensor> operation, Func<double[][], IEnumerable<double>> formula)
    {
        float[][] values = [.. shapes.Select((shape, i) => RandomValues.Normal((ulong)i + 11, (int)shape.Count))];
        double[][] doubles = [.. values.Select(RandomValues.ToDoubles)];
        Tensor[] inputs = [.. shapes.Zip(values, Input)];
        var y = operation(inputs);
        var expected = formula(doubles).ToArray();
        Assert.Equal(expected.Length, y.Shape.Count);
        Assert.All(expected.Zip(y.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));

        var weights = RandomValues.Normal(77, expected.Length);
        foreach (var alone in new[] { true, false })
        {
            // Beside others whose gradients come first, an operation adds to what is there.
            var total = y.Multiply(_tape.CreateFrom(y.Shape, weights)).Sum();
            float[][] beside = [.. values.Select((value, i) => alone ? new float[value.Length] : RandomValues.Normal((ulong)i + 123, value.Length))];
            for (var i = 0; i < inputs.Length && !alone; i++)
            {
                total = total.Add(inputs[i].Multiply(_tape.CreateFrom(shapes[i], beside[i])).Sum());
            }
            _tape.Backward(total);
            for (var i = 0; i < inputs.Length; i++)
            {
                var gradient = new ReadOnlySpan<float>(inputs[i].Node.Gradient!.Pointer, values[i].Length).ToArray();
                FiniteDifferences.Check(
                    () => RandomValues.Dot(weights.ToDoubles(), formula(doubles).ToArray()) + RandomValues.Dot(beside[i].ToDoubles(), doubles[i]), doubles[i],
                    gradient.ToDoubles(), tolerance: 2e-5);
            }
            _tape.Reset();
            if (alone)
            {
                inputs = [.. shapes.Zip(values, Input)];
                y = operation(inputs);
            }
        }
    }

    private Tensor Input(Shape shape, float[] values)
    {
        var input = _tape.Create(shape, needsGradient: true);
        values.CopyTo(new Span<float>(input.Pointer, values.Length));
        return input;
    }
}

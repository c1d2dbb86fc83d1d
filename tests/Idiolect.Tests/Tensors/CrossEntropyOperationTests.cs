using Idiolect.Kernels;
using Idiolect.Tensors;
using Idiolect.Tests.Kernels;

namespace Idiolect.Tests.Tensors;

/// <summary>The output layer with the mean loss: chunks of rows, targets that do not count, the scale of the gradients.</summary>
public sealed unsafe class CrossEntropyOperationTests : IDisposable
{
    private const int Width = 3;
    private const int Vocabulary = 7;

    private static readonly float[] X = RandomValues.Normal(1, 5 * Width);
    private static readonly float[] Weight = RandomValues.Normal(2, Vocabulary * Width);
    private static readonly int[] Targets = [3, -1, 0, 6, -1];

    private readonly Team _team = new(2, IsaSelector.Default);
    private readonly Tape _tape;

    public CrossEntropyOperationTests() => _tape = new Tape(_team);

    [Fact, Trait("Lane", "Full")]
    public void Rows_that_need_several_chunks_give_the_loss_and_the_gradients_of_the_whole()
    {
        // 64 MiB hold 64 rows of logits of this vocabulary, so the rows are three chunks, the last one of two rows.
        const int Rows = 130, LargeVocabulary = 262_144, NarrowWidth = 2;
        var x = RandomValues.Normal(3, Rows * NarrowWidth, scale: 0.5);
        var weight = RandomValues.Normal(4, LargeVocabulary * NarrowWidth);
        var targets = Enumerable.Range(0, Rows).Select(row => row % 7 == 2 ? -1 : row * 2011).ToArray();
        using var output = new OutputLayer(weight, NarrowWidth);

        var expected = Reference(x, weight, targets, NarrowWidth);
        var actual = Run(output, x, targets);

        Assert.Equal(expected.Loss, actual.Loss, 1e-5);
        AssertClose(expected.XGradient, actual.XGradient, tolerance: 1e-4); // each a float32 sum of 262,144 products
        AssertClose(expected.WeightGradient, actual.WeightGradient);
        Assert.InRange(_tape.PeakBytes, 1, ((long)Rows * LargeVocabulary * sizeof(float)) - 1); // never all logits at once

        using var evaluation = new Tape(_team, recording: false);
        var input = Input(evaluation, x, NarrowWidth);
        Assert.Equal(actual.Loss, CrossEntropyOperation.Apply(evaluation, input, output.Weight, targets).Item());
    }

    [Fact]
    public void Rows_whose_target_is_ignored_are_as_good_as_absent()
    {
        using var output = new OutputLayer(Weight, Width);
        var expected = Reference(X, Weight, Targets, Width);
        var all = Run(output, X, Targets);
        Assert.Equal(expected.Loss, all.Loss, 1e-5);
        AssertClose(expected.XGradient, all.XGradient);
        AssertClose(expected.WeightGradient, all.WeightGradient);

        int[] counted = [0, 2, 3];
        using var smaller = new OutputLayer(Weight, Width);
        var without = Run(smaller, Rows(X, counted), [.. counted.Select(row => Targets[row])]);
        Assert.Equal(without.Loss, all.Loss);
        Assert.Equal(without.WeightGradient, all.WeightGradient);
        Assert.Equal(without.XGradient, Rows(all.XGradient, counted));
        Assert.All(Rows(all.XGradient, [1, 4]), gradient => Assert.Equal(0f, gradient));
    }

    [Fact]
    public void Without_a_target_that_counts_the_loss_and_all_gradients_are_zero()
    {
        using var output = new OutputLayer(Weight, Width);
        var result = Run(output, X, [-1, -1, -1, -1, -1]);
        Assert.Equal(0f, result.Loss);
        Assert.All([.. result.XGradient, .. result.WeightGradient], gradient => Assert.Equal(0f, gradient));
    }

    [Theory]
    [InlineData(Vocabulary)]
    [InlineData(-2)]
    public void Targets_outside_the_vocabulary_are_refused(int target)
    {
        using var output = new OutputLayer(Weight, Width);
        var error = Assert.Throws<ArgumentException>(() => Run(output, X, [3, -1, 0, target, -1]));
        Assert.StartsWith($"Token {target} is outside the vocabulary of {Vocabulary}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_targets_than_rows_are_refused()
    {
        using var output = new OutputLayer(Weight, Width);
        Assert.Throws<ArgumentException>("targets", () => Run(output, X, [3, -1, 0, 6]));
    }

    [Fact]
    public void A_loss_whose_value_was_read_first_has_the_same_gradients_to_the_bit()
    {
        using var output = new OutputLayer(Weight, Width);
        using var again = new OutputLayer(Weight, Width);
        var fused = Run(output, X, Targets);
        var input = Input(_tape, X, Width);
        var loss = CrossEntropyOperation.Apply(_tape, input, again.Weight, Targets);
        Assert.Equal(fused.Loss, loss.Item());
        _tape.Backward(loss);
        Assert.Equal(fused.Loss, loss.Item());
        Assert.Equal(fused.WeightGradient, again.Weight.GradientValues.ToArray());
        Assert.Equal(fused.XGradient, new ReadOnlySpan<float>(input.Node.Gradient!.Pointer, X.Length).ToArray());
    }

    [Fact]
    public void The_gradient_from_above_multiplies_the_gradients_but_not_the_loss()
    {
        using var output = new OutputLayer(Weight, Width);
        using var scaledOutput = new OutputLayer(Weight, Width);
        var whole = Run(output, X, Targets);
        var quarter = Run(scaledOutput, X, Targets, scale: 0.25f); // a power of two: exact
        Assert.Equal(whole.Loss, quarter.Loss);
        Assert.Equal(whole.XGradient.Select(gradient => 0.25f * gradient), quarter.XGradient);
        Assert.Equal(whole.WeightGradient.Select(gradient => 0.25f * gradient), quarter.WeightGradient);
        Assert.NotEqual(0f, quarter.WeightGradient[0]);
    }

    [Fact]
    public void The_gradients_of_the_weight_of_two_steps_add_up()
    {
        using var output = new OutputLayer(Weight, Width);
        var once = Run(output, X, Targets);
        var twice = Run(output, X, Targets);
        AssertClose([.. once.WeightGradient.Select(gradient => 2.0 * gradient)], twice.WeightGradient);
        Assert.Equal(once.XGradient, twice.XGradient);
    }

    [Fact]
    public void A_frozen_weight_gets_no_gradient_and_hands_the_same_one_on()
    {
        using var output = new OutputLayer(Weight, Width);
        using var frozen = new OutputLayer(Weight, Width);
        frozen.Weight.RequiresGradient = false;
        var learned = Run(output, X, Targets);
        var handedOn = Run(frozen, X, Targets);
        Assert.Equal(learned.XGradient, handedOn.XGradient);
        Assert.All(handedOn.WeightGradient, gradient => Assert.Equal(0f, gradient));
    }

    [Fact]
    public void A_bias_is_a_column_of_the_weight_whose_input_is_one()
    {
        float[] Widened(float[] values, Func<int, float> last) => [.. values.Chunk(Width).SelectMany((row, i) => row.Append(last(i)))];
        var biasValues = RandomValues.Normal(5, Vocabulary);
        using var widened = new OutputLayer(Widened(Weight, i => biasValues[i]), Width + 1);
        var expected = Run(widened, Widened(X, _ => 1f), Targets);

        using var parameters = new ParameterSet();
        var weight = parameters.Add("output.weight", new Shape(Vocabulary, Width), Initializer.Zeros);
        var bias = parameters.Add("output.bias", new Shape(Vocabulary), Initializer.Zeros);
        parameters.Build();
        weight.Assign(Weight);
        bias.Assign(biasValues);
        var announced = new List<Parameter>();
        _tape.GradientReady += announced.Add;
        var loss = CrossEntropyOperation.Apply(_tape, Input(_tape, X, Width), weight, Targets, bias: bias);
        _tape.Backward(loss);
        Assert.Equal(expected.Loss, loss.Item(), 1e-5);
        AssertClose([.. expected.WeightGradient.Where((_, i) => i % (Width + 1) == Width).Select(value => (double)value)], bias.GradientValues.ToArray());
        AssertClose([.. expected.WeightGradient.Where((_, i) => i % (Width + 1) != Width).Select(value => (double)value)], weight.GradientValues.ToArray());
        Assert.Equal([weight, bias], announced);
        _tape.Reset();

        bias.RequiresGradient = false;
        parameters.ZeroGradients();
        _tape.Backward(CrossEntropyOperation.Apply(_tape, Input(_tape, X, Width), weight, Targets, bias: bias));
        Assert.All(bias.GradientValues.ToArray(), gradient => Assert.Equal(0f, gradient));
    }

    public void Dispose()
    {
        _tape.Dispose();
        _team.Dispose();
    }

    /// <summary>One step on the shared tape.</summary>
    private Result<float> Run(OutputLayer output, float[] x, int[] targets, float scale = 1f)
    {
        var input = Input(_tape, x, output.Weight.Shape[1]);
        var loss = CrossEntropyOperation.Apply(_tape, input, output.Weight, targets);
        _tape.Backward(loss, scale);
        var result = new Result<float>(
            loss.Item(), new ReadOnlySpan<float>(input.Node.Gradient!.Pointer, x.Length).ToArray(),
            output.Weight.GradientValues.ToArray());
        _tape.Reset();
        return result;
    }

    private static Tensor Input(Tape tape, float[] x, int width)
    {
        var input = tape.Create(new Shape(x.Length / width, width), needsGradient: true);
        x.CopyTo(new Span<float>(input.Pointer, x.Length));
        return input;
    }

    private static float[] Rows(float[] x, int[] rows) => [.. rows.SelectMany(row => x[(row * Width)..((row + 1) * Width)])];

    /// <summary>The same in double, row by row.</summary>
    private static Result<double> Reference(float[] x, float[] weight, int[] targets, int width)
    {
        var w = weight.ToDoubles();
        var (loss, dx, dw) = (0.0, new double[x.Length], new double[w.Length]);
        var (logits, dLogits) = (new double[w.Length / width], new double[w.Length / width]);
        var counted = targets.Count(target => target != CrossEntropy.Ignored);
        for (var row = 0; row < targets.Length; row++)
        {
            var (start, target) = (row * width, targets[row]);
            var input = x[start..(start + width)].ToDoubles();
            Gemm.Reference.Multiply<double>(1, logits.Length, width, input, false, w, true, logits);
            loss += CrossEntropy.Reference.Forward<double>(logits, target, labelSmoothing: 0) / counted;
            CrossEntropy.Reference.Backward<double>(logits, target, 1.0 / counted, labelSmoothing: 0, dLogits);
            Gemm.Reference.Multiply<double>(1, width, logits.Length, dLogits, false, w, false, dx.AsSpan(start, width));
            Gemm.Reference.Multiply<double>(logits.Length, width, 1, dLogits, true, input, false, dw, GemmStart.Accumulate);
        }
        return new Result<double>(loss, dx, dw);
    }

    private static void AssertClose(double[] expected, float[] actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.Length, actual.Length);
        var distance = Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum());
        Assert.InRange(distance / Math.Sqrt(expected.Sum(e => e * e)), 0, tolerance);
    }

    private sealed record Result<T>(T Loss, T[] XGradient, T[] WeightGradient);

    /// <summary>A weight (vocabulary, width) with the memory that it lies in.</summary>
    private sealed class OutputLayer : IDisposable
    {
        private readonly ParameterSet _parameters = new();

        internal OutputLayer(float[] weight, int width)
        {
            Weight = _parameters.Add("output.weight", new Shape(weight.Length / width, width), Initializer.Zeros);
            _parameters.Build();
            Weight.Assign(weight);
        }

        internal Parameter Weight { get; }

        public void Dispose() => _parameters.Dispose();
    }
}

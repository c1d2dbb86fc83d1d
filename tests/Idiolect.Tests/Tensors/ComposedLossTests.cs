using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tests.Kernels;

namespace Idiolect.Tests.Tensors;

/// <summary>Losses that are scaled, added and passed through functions: each honours the gradient from above.</summary>
public sealed unsafe class ComposedLossTests : IDisposable
{
    private const int Rows = 6, Width = 4, Vocabulary = 9;

    private static readonly int[] Targets = [3, -1, 0, 8, 5, 5];

    private readonly Tape _tape = new();
    private readonly ParameterSet _parameters = new();
    private readonly Parameter _weight; // (vocabulary, width)
    private readonly Parameter _bias; // (vocabulary)
    private readonly float[] _x = RandomValues.Normal(1, Rows * Width);

    public ComposedLossTests()
    {
        _weight = _parameters.Root.Add("weight", new Shape(Vocabulary, Width), Initializer.Normal(1));
        _bias = _parameters.Root.Add("bias", new Shape(Vocabulary), Initializer.Normal(1));
        _parameters.Initialize(7);
    }

    [Fact]
    public void Half_of_a_loss_has_half_of_its_gradients_to_the_bit()
    {
        var whole = Gradients(x => Loss.CrossEntropy(x, _weight, Targets, bias: _bias));
        Assert.Equal(Half(whole), Gradients(x => Loss.CrossEntropy(x, _weight, Targets, bias: _bias).Scale(0.5f)));
        var smoothed = Gradients(x => Loss.CrossEntropy(x, _weight, Targets, labelSmoothing: 0.1f));
        Assert.Equal(Half(smoothed), Gradients(x => Loss.CrossEntropy(x, _weight, Targets, labelSmoothing: 0.1f).Scale(0.5f)));
        var squared = Gradients(x => Loss.SquaredError(x, new float[Rows * Width]));
        Assert.Equal(Half(squared), Gradients(x => Loss.SquaredError(x, new float[Rows * Width]).Scale(0.5f)));
        Assert.NotEqual(0f, whole[0]);
    }

    [Fact]
    public void A_model_s_loss_times_one_half_has_half_of_its_gradients_to_the_bit()
    {
        var config = new GptConfig { VocabularySize = 11, ContextLength = 8, LayerCount = 2, HeadCount = 2, Width = 16, TiedEmbedding = true };
        float[] OfModel(float factor)
        {
            using var model = new Gpt(config, seed: 3);
            _tape.Backward(model.Loss([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, -1], 2, new ForwardContext(_tape)).Scale(factor));
            _tape.Reset();
            return [.. model.Parameters.SelectMany(parameter => parameter.GradientValues.ToArray())];
        }
        Assert.Equal(Half(OfModel(1)), OfModel(0.5f));
    }

    [Fact]
    public void The_sum_of_losses_has_the_sum_of_their_gradients()
    {
        var a = Gradients(x => Loss.CrossEntropy(x, _weight, Targets));
        var b = Gradients(x => Loss.CrossEntropy(x, _weight, [.. Targets.Reverse()], labelSmoothing: 0.2f));
        var both = Gradients(x => Loss.CrossEntropy(x, _weight, Targets).Add(Loss.CrossEntropy(x, _weight, [.. Targets.Reverse()], labelSmoothing: 0.2f)));
        Assert.All(a.Zip(b, (first, second) => first + second).Zip(both), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void A_sum_of_losses_has_the_same_value_before_and_after_the_backward_pass()
    {
        Tensor Sum(Tensor x) => Loss.CrossEntropy(x, _weight, Targets).Add(Loss.SquaredError(x, new float[Rows * Width])).Scale(2).Add(1f);
        var first = Sum(Input());
        var before = first.Item();
        _tape.Reset();
        var loss = Sum(Input());
        _tape.Backward(loss);
        Assert.Equal(before, loss.Item());
    }

    [Fact]
    public void A_loss_that_is_only_looked_at_can_be_read_after_the_backward_pass()
    {
        var x = Input();
        var metric = Loss.CrossEntropy(x, _weight, Targets);
        _tape.Backward(Loss.SquaredError(x, new float[Rows * Width]));
        Assert.Equal(Reference(_x.ToDoubles(), _weight.Values.ToArray().ToDoubles(), null).LogProbabilities.Sum() / -5, metric.Item(), 1e-5);
        Assert.All(_weight.GradientValues.ToArray(), gradient => Assert.Equal(0f, gradient));
    }

    [Fact]
    public void Log_probabilities_and_entropies_are_those_of_the_formula()
    {
        var expected = Reference(_x.ToDoubles(), _weight.Values.ToArray().ToDoubles(), _bias.Values.ToArray().ToDoubles());
        using var inference = new Tape(recording: false);
        foreach (var tape in new[] { _tape, inference })
        {
            var result = Loss.TokenLogProbabilities(Input(tape), _weight, Targets, entropies: true, _bias);
            AssertClose(expected.LogProbabilities, result.LogProbabilities.ToArray());
            AssertClose(expected.Entropies, result.Entropies!.Value.ToArray());
            Assert.Equal(0f, result.LogProbabilities.ToArray()[1]);
            Assert.Equal(new Shape(Rows), result.LogProbabilities.Shape);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_log_probabilities_and_entropies_are_finite_differences(bool readFirst)
    {
        var (ofLogs, ofEntropies) = (RandomValues.Normal(5, Rows), RandomValues.Normal(6, Rows));
        var x = Input();
        var result = Loss.TokenLogProbabilities(x, _weight, Targets, entropies: true, _bias);
        if (readFirst)
        {
            result.LogProbabilities.ToArray(); // then the logits are made again
        }
        var objective = result.LogProbabilities.Multiply(_tape.CreateFrom(new Shape(Rows), ofLogs))
            .Add(result.Entropies!.Value.Multiply(_tape.CreateFrom(new Shape(Rows), ofEntropies))).Sum();
        _tape.Backward(objective);
        var (dx, dw, db) = (GradientOf(x), _weight.GradientValues.ToArray(), _bias.GradientValues.ToArray());
        var (values, weight, bias) = (_x.ToDoubles(), _weight.Values.ToArray().ToDoubles(), _bias.Values.ToArray().ToDoubles());
        double Objective()
        {
            var (logs, entropies) = Reference(values, weight, bias);
            return RandomValues.Dot(ofLogs.ToDoubles(), logs) + RandomValues.Dot(ofEntropies.ToDoubles(), entropies);
        }
        FiniteDifferences.Check(Objective, values, dx.ToDoubles(), 2e-5);
        FiniteDifferences.Check(Objective, weight, dw.ToDoubles(), 2e-5);
        FiniteDifferences.Check(Objective, bias, db.ToDoubles(), 2e-5);
    }

    [Fact]
    public void Minus_the_mean_log_probability_is_the_cross_entropy_to_the_bit_where_it_is_computed_in_one()
    {
        int[] all = [3, 1, 0, 8, 5, 5];
        var expected = Gradients(x => Loss.CrossEntropy(x, _weight, all));
        var actual = Gradients(x => Loss.TokenLogProbabilities(x, _weight, all).LogProbabilities.Mean().Scale(-1));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_clipped_objective_of_proximal_policy_optimisation_has_the_gradient_of_its_formula()
    {
        float[] old = [-2, 0, -1, -3, -2.5f, -1.5f], advantages = [1, 1, -1, 0.5f, 2, -2];
        var x = Input();
        var ratio = Loss.TokenLogProbabilities(x, _weight, Targets).LogProbabilities.Subtract(_tape.CreateFrom(new Shape(Rows), old)).Exp();
        var advantage = _tape.CreateFrom(new Shape(Rows), advantages);
        _tape.Backward(ratio.Multiply(advantage).Minimum(ratio.Clip(0.8f, 1.2f).Multiply(advantage)).Mean());
        var (values, weight) = (_x.ToDoubles(), _weight.Values.ToArray().ToDoubles());
        FiniteDifferences.Check(
            () => Reference(values, weight, null).LogProbabilities.Select((log, i) =>
            {
                var r = Math.Exp(log - old[i]);
                return Math.Min(r * advantages[i], Math.Clamp(r, 0.8, 1.2) * advantages[i]);
            }).Average(),
            values, GradientOf(x).ToDoubles(), 2e-5);
    }

    [Fact]
    public void Two_models_run_on_one_tape_and_the_frozen_one_does_not_learn()
    {
        var config = new GptConfig { VocabularySize = 11, ContextLength = 8, LayerCount = 1, HeadCount = 2, Width = 16 };
        using var policy = new Gpt(config, seed: 3);
        using var reference = new Gpt(config, seed: 4);
        reference.Parameters.Freeze();
        var context = new ForwardContext(_tape) { Training = true };
        int[] tokens = [1, 2, 3, 4], targets = [2, 3, 4, 5];
        using (var learned = policy.TokenLogProbabilities(tokens, targets, 1, context))
        using (var given = reference.TokenLogProbabilities(tokens, targets, 1, context))
        {
            _tape.Backward(learned.LogProbabilities.SumRows().Subtract(given.LogProbabilities.SumRows()).LogSigmoid().Scale(-1));
        }
        Assert.Contains(policy.Parameters, parameter => parameter.GradientValues.ContainsAnyExcept(0f));
        Assert.All(reference.Parameters, parameter => Assert.False(parameter.GradientValues.ContainsAnyExcept(0f)));
    }

    public void Dispose()
    {
        _tape.Dispose();
        _parameters.Dispose();
    }

    private static float[] Half(float[] values) => Array.ConvertAll(values, value => 0.5f * value);

    private static float[] GradientOf(Tensor x) => new ReadOnlySpan<float>(x.Node.Gradient!.Pointer, Rows * Width).ToArray();

    private static void AssertClose(double[] expected, float[] actual) => Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5));

    /// <summary>All gradients of a loss: by the input, by the weight, by the bias.</summary>
    private float[] Gradients(Func<Tensor, Tensor> loss)
    {
        _parameters.ZeroGradients();
        var x = Input();
        _tape.Backward(loss(x));
        float[] gradients = [.. GradientOf(x), .. _weight.GradientValues, .. _bias.GradientValues];
        _tape.Reset();
        return gradients;
    }

    private Tensor Input() => Input(_tape);

    private Tensor Input(Tape tape)
    {
        var input = tape.Create(new Shape(Rows, Width), needsGradient: true);
        _x.CopyTo(new Span<float>(input.Pointer, _x.Length));
        return input;
    }

    private static (double[] LogProbabilities, double[] Entropies) Reference(double[] x, double[] weight, double[]? bias)
    {
        var (logs, entropies) = (new double[Rows], new double[Rows]);
        for (var row = 0; row < Rows; row++)
        {
            double[] logits = [.. Enumerable.Range(0, Vocabulary).Select(token =>
                (bias?[token] ?? 0) + Enumerable.Range(0, Width).Sum(i => x[(row * Width) + i] * weight[(token * Width) + i]))];
            var sum = Math.Log(logits.Sum(Math.Exp));
            logs[row] = Targets[row] < 0 ? 0 : logits[Targets[row]] - sum;
            entropies[row] = -logits.Sum(logit => Math.Exp(logit - sum) * (logit - sum));
        }
        return (logs, entropies);
    }
}

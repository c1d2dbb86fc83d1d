using Idiolect.Tensors;
using Idiolect.Tests.Kernels;

namespace Idiolect.Tests.Tensors;

/// <summary>The operations that models and losses are composed of, forward and backward, against PyTorch in float64.</summary>
public sealed unsafe class ComposableOperationGoldenTests
{
    [Fact]
    public void Product_equals_PyTorchs() => Compare("multiply", (a, b) => a.Multiply(b));

    [Fact]
    public void Minimum_equals_PyTorchs() => Compare("minimum", (a, b) => a.Minimum(b));

    [Fact]
    public void Multiple_and_constant_equal_PyTorchs() => Compare("affine", a => a.Scale(-2.5f).Add(0.75f));

    [Fact]
    public void Exponential_equals_PyTorchs() => Compare("exp", a => a.Exp());

    [Fact]
    public void Logarithm_of_the_sigmoid_equals_PyTorchs() => Compare("log_sigmoid", a => a.LogSigmoid());

    [Fact]
    public void Clip_equals_PyTorchs() => Compare("clip", a => a.Clip(-0.5f, 0.4f));

    [Fact]
    public void Softmax_equals_PyTorchs() => Compare("softmax", a => a.Softmax());

    [Fact]
    public void Causal_softmax_equals_PyTorchs() => Compare("softmax_causal", a => a.Softmax(causal: true));

    [Fact]
    public void Matrix_product_equals_PyTorchs()
    {
        Compare("matrix_multiply", (a, b) => a.MatrixMultiply(b));
        Compare("matrix_multiply_transposed", (a, b) => a.MatrixMultiply(b, transposed: true));
    }

    [Fact]
    public void Columns_equal_PyTorchs() => Compare("columns", a => a.Columns(1, 3));

    [Fact]
    public void Delay_equals_PyTorchs() => Compare("delay", a => a.Delay(2));

    [Fact]
    public void Heads_equal_PyTorchs()
    {
        Compare("split_heads", a => a.SplitHeads(3));
        Compare("merge_heads", a => a.MergeHeads(3));
    }

    [Fact]
    public void Token_log_probabilities_and_entropies_equal_PyTorchs()
    {
        CompareHead("token_log_probabilities", (golden, hidden, weight, bias) =>
            Loss.TokenLogProbabilities(hidden, weight, golden.ReadIntegers("tokens"), bias: bias).LogProbabilities);
        CompareHead("token_entropies", (_, hidden, weight, bias) =>
            Loss.TokenLogProbabilities(hidden, weight, [0, 1, 2, 3, 4, 5], entropies: true, bias: bias).Entropies!.Value);
    }

    [Fact]
    public void A_preference_loss_composed_of_them_equals_PyTorchs()
        => CompareHead("preference_loss", (golden, hidden, weight, bias) =>
        {
            var of = Loss.TokenLogProbabilities(hidden, weight, golden.ReadIntegers("tokens"), bias: bias).LogProbabilities;
            var ratio = of.Subtract(hidden.Node.Tape.CreateFrom(of.Shape, golden.Read("reference")));
            return ratio.Columns(0, 3).Subtract(ratio.Columns(3, 3)).Scale(0.1f).LogSigmoid().Mean().Scale(-1);
        });

    private static void Compare(string operation, Func<Tensor, Tensor> apply) => Compare(operation, ["a"], inputs => apply(inputs[0]));

    private static void Compare(string operation, Func<Tensor, Tensor, Tensor> apply)
        => Compare(operation, ["a", "b"], inputs => apply(inputs[0], inputs[1]));

    private static void Compare(string operation, string[] names, Func<Tensor[], Tensor> apply)
        => OperationGolden.Compare(operation, (golden, team) =>
        {
            using var tape = new Tape(team);
            Tensor[] inputs = [.. names.Select(name => Input(tape, golden, name))];
            Check(tape, golden, apply(inputs));
            foreach (var (name, input) in names.Zip(inputs))
            {
                golden.AssertEqual($"d{name}", Gradient(input));
            }
        });

    private static void CompareHead(string operation, Func<OperationGolden, Tensor, Parameter, Parameter, Tensor> apply)
        => OperationGolden.Compare(operation, (golden, team) =>
        {
            using var tape = new Tape(team);
            using var parameters = new ParameterSet();
            var weight = parameters.Root.Add("weight", Shape(golden, "weight"), Initializer.Zeros);
            var bias = parameters.Root.Add("bias", Shape(golden, "bias"), Initializer.Zeros);
            parameters.Initialize(0);
            weight.Assign(golden.Read("weight"));
            bias.Assign(golden.Read("bias"));
            var hidden = Input(tape, golden, "hidden");
            Check(tape, golden, apply(golden, hidden, weight, bias));
            golden.AssertEqual("dhidden", Gradient(hidden));
            golden.AssertEqual("dweight", weight.GradientValues);
            golden.AssertEqual("dbias", bias.GradientValues);
        });

    /// <summary>The value, and a backward pass from PyTorch's incoming gradient.</summary>
    private static void Check(Tape tape, OperationGolden golden, Tensor y)
    {
        golden.AssertEqual("y", y.ToArray());
        tape.Backward(y.Multiply(tape.CreateFrom(y.Shape, golden.Read("dy"))).Sum());
    }

    private static Shape Shape(OperationGolden golden, string name) => golden.Shape(name) switch
    {
        [var d0] => new Shape(d0),
        [var d0, var d1] => new Shape(d0, d1),
        var shape => new Shape(shape[0], shape[1], shape[2]),
    };

    private static Tensor Input(Tape tape, OperationGolden golden, string name)
    {
        var input = tape.Create(Shape(golden, name), needsGradient: true);
        golden.Read(name).CopyTo(new Span<float>(input.Pointer, (int)input.Shape.Count));
        return input;
    }

    private static float[] Gradient(Tensor input) 
        => new ReadOnlySpan<float>(input.Node.Gradient!.Pointer, (int)input.Shape.Count).ToArray();
}

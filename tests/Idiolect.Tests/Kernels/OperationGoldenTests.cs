using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>Each operation's results and gradients, against PyTorch in float64.</summary>
public sealed unsafe class OperationGoldenTests
{
    [Fact]
    public void LayerNorm_equals_PyTorchs() => OperationGolden.Compare("layer_norm", (golden, team) =>
    {
        var (rows, width) = (golden.Shape("x")[0], golden.Shape("x")[1]);
        using var x = golden.Input("x");
        using var gain = golden.Input("gain");
        using var bias = golden.Input("bias");
        using var dy = golden.Input("dy");
        using var y = golden.Unset("y");
        using var mean = new NativeBuffer<float>(rows);
        using var inverseDeviation = new NativeBuffer<float>(rows);
        LayerNorm.Forward(team, x, gain, bias, y, mean, inverseDeviation, rows, width, epsilon: 1e-5f);
        golden.AssertEqual("y", y);

        using var dx = golden.Unset("dx");
        using var dGain = golden.Zeros("dgain");
        using var dBias = golden.Zeros("dbias");
        LayerNorm.Backward(team, dy, x, gain, mean, inverseDeviation, dx, accumulateDx: false, dGain, dBias, rows, width);
        golden.AssertEqual("dx", dx);
        golden.AssertEqual("dgain", dGain);
        golden.AssertEqual("dbias", dBias);
    });

    [Fact]
    public void RmsNorm_equals_PyTorchs() => OperationGolden.Compare("rms_norm", (golden, team) =>
    {
        var (rows, width) = (golden.Shape("x")[0], golden.Shape("x")[1]);
        using var x = golden.Input("x");
        using var gain = golden.Input("gain");
        using var dy = golden.Input("dy");
        using var y = golden.Unset("y");
        using var inverseRms = new NativeBuffer<float>(rows);
        RmsNorm.Forward(team, x, gain, y, inverseRms, rows, width, epsilon: 1e-6f);
        golden.AssertEqual("y", y);

        using var dx = golden.Unset("dx");
        using var dGain = golden.Zeros("dgain");
        RmsNorm.Backward(team, dy, x, gain, inverseRms, dx, accumulateDx: false, dGain, rows, width);
        golden.AssertEqual("dx", dx);
        golden.AssertEqual("dgain", dGain);
    });

    [Fact]
    public void Linear_equals_PyTorchs() => OperationGolden.Compare("linear", (golden, team) =>
    {
        var (rows, inputs, outputs) = (golden.Shape("x")[0], golden.Shape("x")[1], golden.Shape("weight")[0]);
        using var x = golden.Input("x");
        using var weight = golden.Input("weight");
        using var bias = golden.Input("bias");
        using var dy = golden.Input("dy");
        using var y = golden.Unset("y");
        Gemm.Multiply(
            team, rows, outputs, inputs, new MatrixView(x, inputs), new MatrixView(weight, inputs, transposed: true), y, outputs,
            GemmStart.Bias, bias);
        golden.AssertEqual("y", y);

        using var dx = golden.Unset("dx");
        using var dWeight = golden.Zeros("dweight");
        using var dBias = golden.Zeros("dbias");
        Gemm.Multiply(team, rows, inputs, outputs, new MatrixView(dy, outputs), new MatrixView(weight, inputs), dx, inputs);
        Gemm.Multiply(
            team, outputs, inputs, rows, new MatrixView(dy, outputs, transposed: true), new MatrixView(x, inputs),
            dWeight, inputs, GemmStart.Accumulate);
        BiasGradient.Accumulate(team, dy, dBias, rows, outputs);
        golden.AssertEqual("dx", dx);
        golden.AssertEqual("dweight", dWeight);
        golden.AssertEqual("dbias", dBias);
    });

    [Theory]
    [InlineData("gelu_exact", nameof(ActivationKind.Gelu))]
    [InlineData("gelu_tanh", nameof(ActivationKind.GeluTanh))]
    [InlineData("silu", nameof(ActivationKind.Silu))]
    [InlineData("relu", nameof(ActivationKind.Relu))]
    [InlineData("relu_squared", nameof(ActivationKind.ReluSquared))]
    public void Activation_equals_PyTorchs(string operation, string kindName)
        => OperationGolden.Compare(operation, (golden, team) =>
        {
            var kind = Enum.Parse<ActivationKind>(kindName);
            using var x = golden.Input("x");
            using var dy = golden.Input("dy");
            using var y = golden.Unset("y");
            using var dx = golden.Unset("dx");
            Activation.Forward(team, kind, x, y, x.Length);
            Activation.Backward(team, kind, dy, x, dx, accumulateDx: false, x.Length);
            golden.AssertEqual("y", y);
            golden.AssertEqual("dx", dx);
        });

    [Fact]
    public void SwiGlu_equals_PyTorchs() => OperationGolden.Compare("swiglu", (golden, team) =>
    {
        var (rows, width) = (golden.Shape("gate")[0], golden.Shape("gate")[1]);
        var (gate, up) = (golden.Read("gate"), golden.Read("up"));
        using var gateUp = new NativeBuffer<float>(2 * rows * width); // (rows, gate | up)
        using var dGateUp = new NativeBuffer<float>(2 * rows * width);
        for (var row = 0; row < rows; row++)
        {
            gate.AsSpan(row * width, width).CopyTo(gateUp.Span[(2 * row * width)..]);
            up.AsSpan(row * width, width).CopyTo(gateUp.Span[(((2 * row) + 1) * width)..]);
        }
        using var dy = golden.Input("dy");
        using var y = golden.Unset("y");
        SwiGlu.Forward(team, gateUp, y, rows, width);
        SwiGlu.Backward(team, dy, gateUp, dGateUp, rows, width);
        golden.AssertEqual("y", y);
        var gradients = dGateUp.ToArray().Chunk(width).ToArray();
        golden.AssertEqual("dgate", [.. gradients.Where((_, i) => i % 2 == 0).SelectMany(row => row)]);
        golden.AssertEqual("dup", [.. gradients.Where((_, i) => i % 2 == 1).SelectMany(row => row)]);
    });

    [Theory]
    [InlineData("rope", 0)]
    [InlineData("rope_offset", 37)]
    public void Rope_equals_PyTorchs(string operation, int firstPosition) => OperationGolden.Compare(operation, (golden, team) =>
    {
        var shape = golden.Shape("x");
        var (batch, heads, time, headSize) = (shape[0], shape[1], shape[2], shape[3]);
        var positions = Enumerable.Range(0, batch * time).Select(row => firstPosition + (row % time)).ToArray();
        using var position = new NativeBuffer<int>(positions);
        using var cosine = new NativeBuffer<float>((firstPosition + time) * headSize / 2);
        using var sine = new NativeBuffer<float>(cosine.Length);
        Rope.FillTables(cosine, sine, firstPosition + time, headSize, theta: 10_000);
        using var x = golden.Input("x"); // (batch, time, heads, head size), turned in place
        using var dy = golden.Input("dy");
        Rope.Apply(team, x, batch * time, heads * headSize, heads, headSize, position, cosine, sine, inverse: false);
        Rope.Apply(team, dy, batch * time, heads * headSize, heads, headSize, position, cosine, sine, inverse: true);
        golden.AssertEqual("y", x);
        golden.AssertEqual("dx", dy);
    });

    [Fact]
    public void Embedding_equals_PyTorchs() => OperationGolden.Compare("embedding", (golden, team) =>
    {
        var width = golden.Shape("table")[1];
        using var ids = new NativeBuffer<int>(golden.ReadIntegers("ids"));
        using var table = golden.Input("table");
        using var dy = golden.Input("dy");
        using var y = golden.Unset("y");
        using var dTable = golden.Zeros("dtable");
        Embedding.Forward(team, ids, table, null, null, y, ids.Length, width);
        Embedding.Backward(team, ids, null, dy, dTable, null, ids.Length, width);
        golden.AssertEqual("y", y);
        golden.AssertEqual("dtable", dTable);
    });

    [Theory]
    [InlineData("cross_entropy", 0f)]
    [InlineData("cross_entropy_smoothed", 0.1f)]
    public void CrossEntropy_equals_PyTorchs(string operation, float labelSmoothing)
        => OperationGolden.Compare(operation, (golden, team) =>
        {
            var (rows, vocabulary) = (golden.Shape("logits")[0], golden.Shape("logits")[1]);
            using var targets = new NativeBuffer<int>(golden.ReadIntegers("targets"));
            using var logits = golden.Input("logits"); // then their gradients
            using var losses = new NativeBuffer<float>(rows);
            var counted = rows - targets.Span.Count(CrossEntropy.Ignored);
            CrossEntropy.Forward(team, new LogitRows(logits, targets, losses, rows, vocabulary, vocabulary) { LabelSmoothing = labelSmoothing });
            golden.AssertEqual("loss", [losses.ToArray().Sum() / counted]);
            losses.Span.Fill(float.NaN);
            CrossEntropy.ForwardBackward(team, new LogitRows(logits, targets, losses, rows, vocabulary, vocabulary) { LabelSmoothing = labelSmoothing }, RowGradients.Same(1f / counted));
            golden.AssertEqual("loss", [losses.ToArray().Sum() / counted]);
            golden.AssertEqual("dlogits", logits);
        });

    [Theory]
    [InlineData("attention_full", false, 0)]
    [InlineData("attention_causal", true, 0)]
    [InlineData("attention_padded", false, 0)]
    [InlineData("attention_causal_padded", true, 0)]
    [InlineData("attention_grouped", true, 0)]
    [InlineData("attention_offset", true, 8)]
    public void Attention_equals_PyTorchs(string operation, bool causal, int queryOffset)
        => OperationGolden.Compare(operation, (golden, team) =>
        {
            var (query, key) = (golden.Shape("query"), golden.Shape("key")); // (batch, heads, time, head size)
            var padded = operation.EndsWith("padded", StringComparison.Ordinal);
            var problem = new AttentionProblem
            {
                Batch = query[0],
                QueryLength = query[2],
                KeyLength = key[2],
                KeyValueHeads = key[1],
                GroupSize = query[1] / key[1],
                HeadSize = query[3],
                Causal = causal,
                KeyLengths = padded ? golden.ReadIntegers("key_lengths") : [key[2], key[2]],
                QueryOffsets = [queryOffset, queryOffset],
                Query = golden.Read("query"),
                Key = golden.Read("key"),
                Value = golden.Read("value"),
                OutputGradient = golden.Read("dy"),
            };
            var (output, logSumExp) = problem.Forward(team);
            var (dQuery, dKey, dValue) = problem.Backward(team, output, logSumExp);
            golden.AssertEqual("y", output);
            golden.AssertEqual("dquery", dQuery);
            golden.AssertEqual("dkey", dKey);
            golden.AssertEqual("dvalue", dValue);
        });

    [Fact]
    public void AdamW_equals_PyTorchs() => OperationGolden.Compare("adamw", (golden, team) =>
    {
        using var parameter = golden.Input("parameter.0");
        using var firstMoment = golden.Zeros("first_moment.3");
        using var secondMoment = golden.Zeros("second_moment.3");
        for (var step = 1; step <= 3; step++)
        {
            using var gradient = golden.Input($"gradient.{step}");
            AdamW.Step(
                team, parameter, gradient, firstMoment, secondMoment, parameter.Length,
                new AdamWParameters(
                    LearningRate: 0.01f, Beta1: 0.9f, Beta2: 0.99f, Epsilon: 1e-8f, WeightDecay: 0.1f, L1: 0, L2: 0,
                    GradientScale: 1, BiasCorrection1: (float)(1 - Math.Pow(0.9, step)),
                    BiasCorrection2: (float)(1 - Math.Pow(0.99, step))));
            golden.AssertEqual($"parameter.{step}", parameter);
        }
        golden.AssertEqual("first_moment.3", firstMoment);
        golden.AssertEqual("second_moment.3", secondMoment);
    });

    [Theory]
    [InlineData("muon_wide")]
    [InlineData("muon_tall")]
    [InlineData("muon_square")]
    public void Muon_equals_PyTorchs(string operation) => OperationGolden.Compare(operation, (golden, team) =>
    {
        var shape = golden.Shape("weight.0");
        using var weight = golden.Input("weight.0");
        using var momentum = golden.Zeros("momentum.3");
        using var scratch = new NativeBuffer<float>((int)Muon.ScratchLength(shape[0], shape[1]));
        for (var step = 1; step <= 3; step++)
        {
            using var gradient = golden.Input($"gradient.{step}");
            Muon.Step(
                team, new MuonMatrix(weight, gradient, momentum, shape[0], shape[1]), scratch,
                new MuonParameters(LearningRate: 0.02, Momentum: 0.95, WeightDecay: 0.1, GradientScale: 1), Precision.Fp32);
            golden.AssertEqual($"weight.{step}", weight);
        }
        golden.AssertEqual("momentum.3", momentum);
    });
}

using Idiolect.Formats;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Models;

/// <summary>Loss, logits, gradients and training steps of small models, against PyTorch in float64.</summary>
public sealed class GptGoldenTests
{
    private const int Batch = 3;

    public static TheoryData<string> Models => ["gpt2", "gpt2-gelu", "gpt2-relu", "llama", "qwen3"];

    [Theory, MemberData(nameof(Models))]
    public void Logits_equal_PyTorchs(string name)
    {
        using var golden = Open(name);
        using var model = GptFolder.Load(Goldens.Folder(name));
        using var tape = new Tape(recording: false);
        var logits = model.Forward(golden.Inputs, Batch, new ForwardContext(tape)).ToArray();
        var expected = golden.File.Read("logits");
        Assert.InRange(Goldens.Distance(logits, expected) / Goldens.Norm(expected), 0, 1e-5);
    }

    [Theory, MemberData(nameof(Models))]
    public unsafe void Loss_and_every_gradient_equal_PyTorchs(string name)
    {
        using var golden = Open(name);
        using var model = GptFolder.Load(Goldens.Folder(name));
        using var tape = new Tape();
        var loss = model.Loss(golden.Inputs, golden.Targets, Batch, new ForwardContext(tape) { Training = true });
        Assert.Equal(golden.File.Read("loss")[0], loss.Item(), 1e-5);
        tape.Backward(loss);
        tape.Reset();

        var all = golden.File.Read("gradient_norm")[0];
        foreach (var tensor in GptWeights.Published(model))
        {
            var ours = tensor.Parameter.GradientValues.Slice(tensor.Start, tensor.Count);
            var expected = golden.File.Read($"grad.{tensor.Name}");
            var theirs = tensor.Transposed ? Transposed(expected, tensor.RowWidth, tensor.Rows) : expected;
            var error = Goldens.Distance(ours, theirs) / Math.Max(Goldens.Norm(theirs), 1e-6 * all);
            Assert.True(error < 1e-5, $"The gradient of {tensor.Name} is off by {error:G3}.");
        }
    }

    [Theory, MemberData(nameof(Models))]
    public unsafe void Ten_AdamW_steps_follow_PyTorchs_losses(string name)
    {
        using var golden = Open(name);
        using var model = GptFolder.Load(Goldens.Folder(name));
        using var tape = new Tape();
        using var optimizer = new AdamWOptimizer(
            model.Parameters, new AdamWOptions { Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-8, WeightDecay = 0.1 });
        model.Parameters.ZeroGradients();
        var expected = golden.File.Read("adamw_losses");
        for (var step = 0; step < expected.Length; step++)
        {
            var loss = model.Loss(golden.Inputs, golden.Targets, Batch, new ForwardContext(tape) { Training = true });
            Assert.Equal(expected[step], loss.Item(), 1e-4);
            tape.Backward(loss);
            tape.Reset();
            var norm = Math.Sqrt(SquaredNorm.Compute(tape.Team, model.Parameters.Gradients, model.Parameters.FlatLength));
            optimizer.Step(new OptimizerStep(step, LearningRate: 0.01, Math.Min(1, 1 / norm)));
        }
    }

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            result[(i % columns * rows) + (i / columns)] = values[i];
        }
        return result;
    }

    private static Golden Open(string name) => new(SafetensorsReader.Open(Path.Combine(Goldens.Folder(name), "golden.safetensors")));

    private sealed record Golden(SafetensorsReader File) : IDisposable
    {
        internal int[] Inputs => File.ReadIntegers("input_ids");

        internal int[] Targets => File.ReadIntegers("targets");

        public void Dispose() => File.Dispose();
    }
}

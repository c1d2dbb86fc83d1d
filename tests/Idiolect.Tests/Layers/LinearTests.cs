using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Layers;

/// <summary>A linear layer, whose weight is packed for inference.</summary>
public sealed class LinearTests
{
    [Fact]
    public void Inference_sees_what_an_optimiser_changed()
    {
        using var parameters = new ParameterSet();
        using var layer = new Linear(parameters.Root, 16, 24, bias: false, deviation: 1);
        parameters.Initialize(5);
        var x = Enumerable.Range(0, 32).Select(i => (i % 7) - 3f).ToArray(); // (2, 16)
        var before = Run(layer, recording: false);
        layer.Weight.MutableGradient.Fill(1);
        using var optimizer = new AdamWOptimizer(parameters, new AdamWOptions());
        optimizer.Step(new OptimizerStep(0, 0.1));
        var after = Run(layer, recording: false);
        Assert.NotEqual(before, after);
        using var unpacked = new Linear(layer.Weight);
        Assert.All(Run(unpacked, recording: true).Zip(after), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));

        float[] Run(Linear linear, bool recording)
        {
            using var tape = new Tape(recording);
            return linear.Forward(tape.CreateFrom(new Shape(2, 16), x), new ForwardContext(tape)).ToArray();
        }
    }
}

using Idiolect.Formats;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>Logits, loss and gradients of small recurrent models over two segments, against PyTorch's modules in float64.</summary>
public sealed class RecurrentGoldenTests
{
    private const int Batch = 3;

    public static TheoryData<string> Models => ["rnn", "lstm", "gru"];

    [Theory, MemberData(nameof(Models))]
    public void Logits_equal_PyTorchs_in_a_segment_that_continues_another(string name)
    {
        using var golden = Open(name);
        using var model = RecurrentFolder.Load(Goldens.Folder(name));
        using var tape = new Tape(recording: false);
        using var state = model.CreateState(Batch);
        var context = new ForwardContext(tape) { Memory = state };
        for (var segment = 0; segment < 2; segment++)
        {
            var logits = model.Forward(golden.ReadIntegers($"{segment}.input_ids"), Batch, context).ToArray();
            tape.Reset();
            var expected = golden.Read($"{segment}.logits");
            Assert.InRange(Goldens.Distance(logits, expected) / Goldens.Norm(expected), 0, 1e-5);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Loss_and_every_gradient_equal_PyTorchs_with_the_state_carried_over(string name)
    {
        using var golden = Open(name);
        using var model = RecurrentFolder.Load(Goldens.Folder(name));
        using var tape = new Tape();
        using var state = model.CreateState(Batch);
        var context = new ForwardContext(tape) { Memory = state, Training = true };
        for (var segment = 0; segment < 2; segment++)
        {
            model.Parameters.ZeroGradients();
            var loss = model.Loss(
                golden.ReadIntegers($"{segment}.input_ids"), golden.ReadIntegers($"{segment}.targets"), Batch, context);
            Assert.Equal(golden.Read($"{segment}.loss")[0], loss.Item(), 1e-5);
            tape.Backward(loss);
            tape.Reset();
            foreach (var parameter in model.Parameters.All)
            {
                var expected = golden.Read($"{segment}.grad.{parameter.Name}");
                var error = Goldens.Distance(parameter.GradientValues, expected) / Goldens.Norm(expected);
                Assert.True(error < 1e-5, $"Segment {segment}: the gradient of {parameter.Name} is off by {error:G3}.");
            }
        }
    }

    private static SafetensorsReader Open(string name) => SafetensorsReader.Open(Path.Combine(Goldens.Folder(name), "golden.safetensors"));
}

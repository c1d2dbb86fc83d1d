using Idiolect.Formats;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>The encoder-decoders, transformer and LSTM, against PyTorch in float64: loss, every gradient, decoding step by step.</summary>
public sealed class SequenceToSequenceGoldenTests
{
    public static TheoryData<string> Models => ["encoder-decoder", "encoder-decoder-prenorm", "lstm-encoder-decoder", "lstm-attention"];

    [Theory, MemberData(nameof(Models))]
    public void Loss_and_every_gradient_equal_PyTorchs(string name)
    {
        using var golden = SafetensorsReader.Open(Path.Combine(Goldens.Folder(name), "golden.safetensors"));
        using var model = SequenceToSequenceFolder.Load(Goldens.Folder(name));
        using var tape = new Tape();
        model.Parameters.ZeroGradients();
        var loss = Loss(model, golden, new ForwardContext(tape) { Training = true });
        Assert.Equal(golden.Read("loss")[0], loss.Item(), 1e-5);
        tape.Backward(loss);
        var all = Math.Sqrt(model.Parameters.All.Sum(parameter => Math.Pow(Goldens.Norm(golden.Read($"grad.{parameter.Name}")), 2)));
        foreach (var parameter in model.Parameters.All)
        {
            var expected = golden.Read($"grad.{parameter.Name}");
            var error = Goldens.Distance(parameter.GradientValues, expected) / Math.Max(Goldens.Norm(expected), 1e-6 * all);
            Assert.True(error < 1e-5, $"The gradient of {parameter.Name} is off by {error:G3}.");
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Without_training_the_loss_is_not_smoothed(string name)
    {
        using var golden = SafetensorsReader.Open(Path.Combine(Goldens.Folder(name), "golden.safetensors"));
        using var model = SequenceToSequenceFolder.Load(Goldens.Folder(name));
        using var tape = new Tape(recording: false);
        Assert.Equal(golden.Read("loss_without_smoothing")[0], Loss(model, golden, new ForwardContext(tape)).Item(), 1e-5);
    }

    [Theory, MemberData(nameof(Models))]
    public void Decoding_step_by_step_gives_PyTorchs_logits_for_every_beam(string name)
    {
        const int Beams = 3;
        using var golden = SafetensorsReader.Open(Path.Combine(Goldens.Folder(name), "golden.safetensors"));
        using var model = SequenceToSequenceFolder.Load(Goldens.Folder(name));
        using var tape = new Tape(recording: false);
        var (lengths, inputs, expected) = (golden.ReadIntegers("source_lengths"), golden.ReadIntegers("inputs"), golden.Read("logits"));
        var (count, vocabulary) = (lengths.Length, model.Config.VocabularySize);
        var time = inputs.Length / count;
        using var decoding = model.BeginDecoding(tape, golden.ReadIntegers("source"), lengths, Beams, maximumLength: 16);
        var logits = new float[count * Beams * vocabulary];
        var parents = new int[count * Beams];
        for (var step = 0; step < time; step++)
        {
            var tokens = Enumerable.Range(0, count * Beams).Select(row => inputs[(row / Beams * time) + step]).ToArray();
            for (var row = 0; row < parents.Length; row++)
            {
                // All beams of a source hold the same text, so any of them may go on from any other.
                parents[row] = step == 0 ? row : (row / Beams * Beams) + ((row + step) % Beams);
            }
            decoding.Advance(tokens, parents, logits);
            for (var row = 0; row < parents.Length; row++)
            {
                var wanted = expected.AsSpan(((row / Beams * time) + step) * vocabulary, vocabulary);
                Assert.True(Goldens.Distance(logits.AsSpan(row * vocabulary, vocabulary), wanted) < 1e-4, $"step {step}, row {row}");
            }
        }
    }

    private static Tensor Loss(ISequenceToSequence model, SafetensorsReader golden, ForwardContext context)
    {
        var lengths = golden.ReadIntegers("source_lengths");
        return model.Loss(
            new SequencePairs
            {
                Count = lengths.Length, Source = golden.ReadIntegers("source"), SourceLengths = lengths,
                Inputs = golden.ReadIntegers("inputs"), Targets = golden.ReadIntegers("targets"),
            },
            context);
    }
}

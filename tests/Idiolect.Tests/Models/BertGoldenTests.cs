using Idiolect.Formats;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>States, scores, loss and gradients of a small BERT over texts of different lengths, against PyTorch in float64.</summary>
public sealed class BertGoldenTests : IDisposable
{
    private readonly SafetensorsReader _golden = SafetensorsReader.Open(Path.Combine(Goldens.Folder("bert"), "golden.safetensors"));
    private readonly Bert _model = BertFolder.Load(Goldens.Folder("bert"));
    private readonly int[] _tokens;
    private readonly int[] _lengths;
    private readonly int[] _targets;

    public BertGoldenTests()
        => (_tokens, _lengths, _targets) = (_golden.ReadIntegers("input_ids"), _golden.ReadIntegers("lengths"), _golden.ReadIntegers("targets"));

    public void Dispose()
    {
        _model.Dispose();
        _golden.Dispose();
    }

    [Fact]
    public void States_and_scores_equal_PyTorchs_wherever_there_is_text()
    {
        using var tape = new Tape(recording: false);
        var states = _model.HiddenStates(_tokens, _lengths, new ForwardContext(tape)).ToArray();
        tape.Reset();
        var time = _tokens.Length / _lengths.Length;
        int[] places = [.. Enumerable.Range(0, _tokens.Length).Where(i => i % time < _lengths[i / time])];
        var logits = _model.Predict(_tokens, _lengths, places, new ForwardContext(tape)).ToArray();
        AssertClose(_golden.Read("states"), states, _model.Config.Width, places, places);
        AssertClose(_golden.Read("logits"), logits, _model.Config.VocabularySize, places, [.. Enumerable.Range(0, places.Length)]);
    }

    [Fact]
    public void Loss_and_every_gradient_equal_PyTorchs()
    {
        using var tape = new Tape();
        _model.Parameters.ZeroGradients();
        var loss = _model.Loss(_tokens, _lengths, _targets, new ForwardContext(tape) { Training = true });
        Assert.Equal(_golden.Read("loss")[0], loss.Item(), 1e-5);
        tape.Backward(loss);
        var all = Math.Sqrt(_golden.Tensors.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Sum(name => Math.Pow(Goldens.Norm(_golden.Read(name)), 2)));
        foreach (var tensor in BertFolder.Published(_model))
        {
            var expected = _golden.Read($"grad.{tensor.Name}");
            var actual = tensor.Parameter.GradientValues.Slice(tensor.Start, tensor.Count);
            var error = Goldens.Distance(actual, expected) / Math.Max(Goldens.Norm(expected), 1e-6 * all);
            // A constant added to a query's scores changes no softmax: the gradient of a key's bias is 0, but for rounding.
            Assert.True(tensor.Name.EndsWith("key.bias", StringComparison.Ordinal) ? Goldens.Norm(actual) < 1e-6 * all : error < 1e-5, $"The gradient of {tensor.Name} is off by {error:G3}.");
        }
    }

    private static void AssertClose(float[] expected, float[] actual, int width, int[] expectedRows, int[] actualRows)
    {
        float[] Rows(float[] values, int[] rows) => [.. rows.SelectMany(row => values[(row * width)..((row + 1) * width)])];
        var wanted = Rows(expected, expectedRows);
        Assert.InRange(Goldens.Distance(Rows(actual, actualRows), wanted) / Goldens.Norm(wanted), 0, 1e-5);
    }
}

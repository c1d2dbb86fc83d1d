using Idiolect.Formats;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>What holds of a BERT: padding and neighbours change nothing, only gaps cost, the folder is Hugging Face's.</summary>
public sealed class BertTests : IDisposable
{
    private static readonly BertConfig Config = new()
    {
        VocabularySize = 31, ContextLength = 12, LayerCount = 2, HeadCount = 3, Width = 18, FeedForwardWidth = 25, Dropout = 0.1f, BeginningOfTextId = 3,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Bert _model = new(Config, seed: 4);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_text_has_the_same_bits_alone_and_padded_among_others()
    {
        using var tape = new Tape(recording: false);
        var text = Ids(7);
        var alone = _model.HiddenStates(text, [7], new ForwardContext(tape)).ToArray();
        tape.Reset();
        var together = _model.HiddenStates([.. Ids(12, seed: 2), .. text, 5, 6, 7, 8, 9], [12, 7], new ForwardContext(tape)).ToArray();
        Assert.Equal(alone, together[(12 * Config.Width)..(19 * Config.Width)]);
    }

    [Fact]
    public void Every_token_sees_every_other_one()
    {
        using var tape = new Tape(recording: false);
        var text = Ids(6);
        var before = _model.HiddenStates(text, [6], new ForwardContext(tape)).ToArray();
        foreach (var changed in Enumerable.Range(0, 6))
        {
            tape.Reset();
            int[] other = [.. text];
            other[changed] = (other[changed] + 1) % Config.VocabularySize;
            var after = _model.HiddenStates(other, [6], new ForwardContext(tape)).ToArray();
            Assert.All(Enumerable.Range(0, 6), row => Assert.False(
                after.AsSpan(row * Config.Width, Config.Width).SequenceEqual(before.AsSpan(row * Config.Width, Config.Width))));
        }
    }

    [Fact]
    public void Only_gaps_cost_and_without_one_the_loss_and_all_gradients_are_zero()
    {
        using var tape = new Tape();
        var targets = Enumerable.Repeat(-1, 12).ToArray();
        _model.Parameters.ZeroGradients();
        var nothing = _model.Loss(Ids(12), [12], targets, new ForwardContext(tape));
        Assert.Equal(0f, nothing.Item());
        tape.Backward(nothing);
        tape.Reset();
        Assert.All(_model.Parameters.All, parameter => Assert.Equal(0, Goldens.Norm(parameter.GradientValues)));

        targets[3] = 8;
        using var quiet = new Tape(recording: false);
        var loss = _model.Loss(Ids(12), [12], targets, new ForwardContext(quiet)).Item();
        quiet.Reset();
        var logits = _model.Predict(Ids(12), [12], [3], new ForwardContext(quiet)).ToArray();
        Assert.Equal(Idiolect.Evaluation.LogitScore.Nats(logits, 8), loss, 1e-5);
    }

    [Fact]
    public void Gradients_with_dropout_agree_with_finite_differences()
    {
        foreach (var parameter in _model.Parameters.All)
        {
            parameter.Assign([.. parameter.Values.ToArray().Select((v, i) => v + (0.2f * (float)CounterRandom.Normal(ParameterSet.HashName(parameter.Name), (ulong)i)))]);
        }
        using var tape = new Tape();
        ForwardBackward(tape);
        var gradients = _model.Parameters.All.ToDictionary(p => p, p => p.GradientValues.ToArray());
        foreach (var (parameter, gradient) in gradients)
        {
            var norm = Goldens.Norm(gradient);
            Assert.True(norm > 0, parameter.Name);
            const float Step = 1e-2f;
            var original = parameter.Values.ToArray();
            var measured = (LossAt(+Step) - LossAt(-Step)) / (2 * Step); // along its own gradient a loss rises by the gradient's norm
            parameter.Assign(original);
            Assert.True(Math.Abs(measured - norm) < 1e-3 + (0.02 * norm), $"{parameter.Name}: the gradient's norm is {norm:G4}, finite differences give {measured:G4}.");

            double LossAt(float step)
            {
                parameter.Assign([.. original.Select((value, i) => value + (step * (float)(gradient[i] / norm)))]);
                return ForwardBackward(tape);
            }
        }
    }

    [Fact]
    public void Every_gradient_is_announced_once()
    {
        using var tape = new Tape();
        var announced = new List<string>();
        void Hear(Parameter parameter) => announced.Add(parameter.Name);
        tape.GradientReady += Hear;
        ForwardBackward(tape);
        tape.GradientReady -= Hear;
        Assert.Equal(_model.Parameters.All.Select(parameter => parameter.Name).Order(), announced.Order());
    }

    [Fact]
    public void A_folder_gives_the_same_model_back_also_without_prefix_and_with_the_first_releases_names()
    {
        BertFolder.Save(_model, _folder["saved"]);
        using (var loaded = BertFolder.Load(_folder["saved"]))
        {
            Assert.Equal(Config, loaded.Config);
            AssertSame(_model, loaded);
        }
        static string Other(string name) => name.StartsWith("bert.embeddings.LayerNorm", StringComparison.Ordinal)
            ? name.Replace("weight", "gamma", StringComparison.Ordinal).Replace("bias", "beta", StringComparison.Ordinal)
            : name.Replace("bert.", "", StringComparison.Ordinal);
        SafetensorsWriter.Write(_folder["saved/model.safetensors"], BertFolder.Published(_model).Select(tensor => new TensorSource(
            Other(tensor.Name), [.. tensor.FileShape.Select(size => (long)size)], () => tensor.Parameter.Values.Slice(tensor.Start, tensor.Count))));
        using var other = (Bert)ModelFolder.LoadModel(_folder["saved"]);
        AssertSame(_model, other);
        Assert.Contains("fills gaps", Assert.Throws<InvalidDataException>(() => ModelFolder.Load(_folder["saved"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "hidden_act")]
    [InlineData("\"is_decoder\"", "\"is_decoder\": true, \"x\"", "is_decoder")]
    [InlineData("\"num_attention_heads\": 3", "\"num_attention_heads\": 4", "hidden_size: 18 must be a multiple of the 4 heads")]
    [InlineData("\"vocab_size\": 31", "\"vocab_size\": 2000000000", "describes")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 0", "num_hidden_layers: 0 must be positive")]
    public void A_config_that_makes_no_sense_is_refused_by_file_and_field(string field, string instead, string words)
    {
        BertFolder.Save(_model, _folder["bad"]);
        var file = _folder["bad/config.json"];
        var text = File.ReadAllText(file).Replace("\"model_type\"", "\"is_decoder\": false, \"model_type\"", StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(field, instead, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => BertFolder.Load(_folder["bad"]));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_the_model_is_refused()
    {
        using var tape = new Tape(recording: false);
        var context = new ForwardContext(tape);
        Assert.Throws<ArgumentException>(() => _model.HiddenStates(Ids(13), [13], context));
        Assert.Throws<ArgumentException>(() => _model.HiddenStates(Ids(4), [5], context));
        Assert.Throws<ArgumentException>(() => _model.HiddenStates(Ids(4), [0], context));
        Assert.Throws<ArgumentException>(() => _model.HiddenStates([1, 31], [2], context));
        Assert.Throws<ArgumentException>(() => _model.Predict(Ids(4), [4], [4], context));
        Assert.Throws<ArgumentException>(() => _model.Predict(Ids(4), [4], [], context));
        Assert.Throws<ArgumentException>(() => _model.Loss(Ids(4), [4], [1], context));
    }

    private double ForwardBackward(Tape tape)
    {
        _model.Parameters.ZeroGradients();
        var context = new ForwardContext(tape) { Training = true };
        context.SetRandomKey(seed: 5, step: 1, firstSample: 0);
        var targets = Enumerable.Range(0, 24).Select(i => i % 5 == 1 && i < 18 ? (i * 7) % Config.VocabularySize : -1).ToArray();
        var loss = _model.Loss(Ids(24), [12, 7], targets, context);
        var value = loss.Item();
        tape.Backward(loss);
        tape.Reset();
        return value;
    }

    private static int[] Ids(int count, ulong seed = 1)
        => [.. Enumerable.Range(0, count).Select(i => (int)(CounterRandom.Uniform(seed, (ulong)i) * Config.VocabularySize))];

    private static void AssertSame(Bert expected, Bert actual)
        => Assert.All(expected.Parameters.All, parameter => Assert.True(parameter.Values.SequenceEqual(actual.Parameters[parameter.Name].Values), parameter.Name));
}

using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>The 2017 transformer: its masks, beams, bits, memory and files.</summary>
public sealed class EncoderDecoderTests
{
    [Fact]
    public void A_beam_continues_what_its_parent_wrote()
    {
        using var model = new EncoderDecoder(Tiny with { MaximumLength = 150 }, seed: 3);
        using var tape = new Tape(recording: false);
        var random = new Random(1);
        int[] source = [1, 2, 3, 4];
        using var two = model.BeginDecoding(tape, source, [4], beams: 2, maximumLength: 150);
        var logits = new float[2 * model.Config.VocabularySize];
        var written = new[] { new List<int>(), new List<int>() };
        for (var step = 0; step < 140; step++) // more than two pages
        {
            int[] parents = step == 0 ? [0, 1] : [random.Next(2), random.Next(2)];
            int[] tokens = [random.Next(20), random.Next(20)];
            written = [.. parents.Select((parent, beam) => new List<int>([.. written[parent], tokens[beam]]))];
            two.Advance(tokens, parents, logits);
        }
        for (var beam = 0; beam < 2; beam++)
        {
            using var alone = model.BeginDecoding(tape, source, [4], beams: 1, maximumLength: 150);
            var expected = new float[model.Config.VocabularySize];
            foreach (var token in written[beam])
            {
                alone.Advance([token], [0], expected);
            }
            Assert.Equal(expected, logits[(beam * expected.Length)..((beam + 1) * expected.Length)]);
        }
    }

    [Fact]
    public void Padding_and_the_future_change_nothing()
    {
        using var model = new EncoderDecoder(Tiny, seed: 3);
        using var tape = new Tape(recording: false);
        var context = new ForwardContext(tape);
        var one = Loss([1, 2, 3, 0, 0], [5, 6, 7, 0], [6, 7, 8, -1]);
        Assert.Equal(one, Loss([1, 2, 3, 9, 4], [5, 6, 7, 3], [6, 7, 8, -1]));
        Assert.NotEqual(one, Loss([1, 2, 4, 0, 0], [5, 6, 7, 0], [6, 7, 8, -1]));
        Assert.NotEqual(one, Loss([1, 2, 3, 0, 0], [5, 6, 4, 0], [6, 7, 8, -1]));
        Assert.Equal(Loss([1, 2, 3, 0, 0], [5, 6, 7, 0], [6, 7, -1, -1]), Loss([1, 2, 3, 0, 0], [5, 6, 1, 2], [6, 7, -1, -1]));

        float Loss(int[] source, int[] inputs, int[] targets)
        {
            var loss = model.Loss(
                new SequencePairs { Count = 1, Source = source, SourceLengths = [3], Inputs = inputs, Targets = targets }, context).Item();
            tape.Reset();
            return loss;
        }
    }

    [Fact]
    public void Losses_and_gradients_have_the_same_bits_on_any_number_of_threads()
    {
        float[][] results = [.. Enumerable.Range(1, 2).Select(threads =>
        {
            using var model = new EncoderDecoder(Tiny with { Dropout = 0.2f }, seed: 5);
            using var team = new Team(threads, IsaSelector.Default);
            using var tape = new Tape(team);
            model.Parameters.ZeroGradients();
            var context = new ForwardContext(tape) { Training = true };
            context.SetRandomKey(1, 2, 3);
            var loss = model.Loss(
                new SequencePairs
                {
                    Count = 2, Source = [1, 2, 3, 4, 5, 0], SourceLengths = [3, 2], Inputs = [1, 2, 3, 4], Targets = [2, 3, 4, -1],
                },
                context);
            tape.Backward(loss);
            return model.Parameters.All.SelectMany(parameter => parameter.GradientValues.ToArray()).Append(loss.Item()).ToArray();
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void A_steady_step_allocates_nothing()
    {
        using var model = new EncoderDecoder(Tiny with { Dropout = 0.1f }, seed: 5);
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        model.Parameters.ZeroGradients();
        var context = new ForwardContext(tape) { Training = true };
        int[] source = [1, 2, 3, 4, 5, 0], lengths = [3, 2], inputs = [1, 2, 3, 4], targets = [2, 3, 4, -1];
        var least = long.MaxValue;
        for (var step = 0; step < 12; step++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            tape.Backward(model.Loss(
                new SequencePairs { Count = 2, Source = source, SourceLengths = lengths, Inputs = inputs, Targets = targets }, context));
            tape.Reset();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
        Assert.Equal(0, tape.BytesInUse);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_parameter_count_of_the_config_is_that_of_the_model(bool normFirst)
    {
        using var model = new EncoderDecoder(Tiny with { NormFirst = normFirst, FeedForwardWidth = 31 });
        Assert.Equal(model.Parameters.Count, model.Config.ParameterCount);
    }

    [Fact]
    public void A_saved_model_is_the_model()
    {
        using var folder = new TemporaryFolder();
        using var model = new EncoderDecoder(Tiny with { NormFirst = true, FeedForwardWidth = 24, Dropout = 0.3f, LabelSmoothing = 0.05f }, seed: 9);
        EncoderDecoderFolder.Save(model, folder.Path);
        using var loaded = EncoderDecoderFolder.Load(folder.Path);
        Assert.Equal(model.Config, loaded.Config);
        Assert.All(model.Parameters.All, parameter => Assert.Equal(parameter.Values.ToArray(), loaded.Parameters[parameter.Name].Values.ToArray()));
    }

    [Theory]
    [InlineData("\"d_model\": 16", "\"d_model\": 18", "field d_model")]
    [InlineData("\"vocab_size\": 20", "\"vocab_size\": 2000000", "describes")]
    [InlineData("\"dropout\": 0", "\"dropout\": 2", "field dropout")]
    [InlineData("\"ffn_dim\": 64", "\"ffn_dim\": \"x\"", "ffn_dim")]
    public void A_config_that_makes_no_sense_is_refused(string good, string bad, string named)
    {
        using var folder = new TemporaryFolder();
        using var model = new EncoderDecoder(Tiny);
        EncoderDecoderFolder.Save(model, folder.Path);
        var file = folder["config.json"];
        var text = File.ReadAllText(file);
        Assert.Contains(good, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(good, bad, StringComparison.Ordinal));
        var refusal = Assert.Throws<InvalidDataException>(() => EncoderDecoderFolder.Load(folder.Path)).Message;
        Assert.Contains("config.json", refusal, StringComparison.Ordinal);
        Assert.Contains(named, refusal, StringComparison.Ordinal);
    }

    private static EncoderDecoderConfig Tiny => new()
    {
        VocabularySize = 20, MaximumLength = 16, Width = 16, HeadCount = 4, EncoderLayerCount = 1, DecoderLayerCount = 2, Dropout = 0,
    };
}

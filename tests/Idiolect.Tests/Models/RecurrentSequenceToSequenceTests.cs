using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>The LSTM encoder-decoders: padding, beams, bits, memory and files.</summary>
public sealed class RecurrentSequenceToSequenceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Padding_and_the_future_change_nothing(bool attention)
    {
        using var model = new RecurrentSequenceToSequence(Tiny with { Attention = attention }, seed: 3);
        using var tape = new Tape(recording: false);
        var context = new ForwardContext(tape);
        var one = Loss([1, 2, 3], [5, 6, 7], [6, 7, 8]);
        Assert.Equal(one, Loss([1, 2, 3, 9, 4], [5, 6, 7, 3], [6, 7, 8, -1]), 1e-6);
        Assert.NotEqual(one, Loss([1, 2, 4], [5, 6, 7], [6, 7, 8]));
        Assert.NotEqual(one, Loss([4, 2, 3], [5, 6, 7], [6, 7, 8]));
        Assert.Equal(Loss([1, 2, 3], [5, 6, 7], [6, 7, -1]), Loss([1, 2, 3], [5, 6, 1], [6, 7, -1]));

        float Loss(int[] source, int[] inputs, int[] targets)
        {
            var loss = model.Loss(
                new SequencePairs { Count = 1, Source = source, SourceLengths = [3], Inputs = inputs, Targets = targets }, context).Item();
            tape.Reset();
            return loss;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_beam_continues_what_its_parent_wrote(bool attention)
    {
        using var model = new RecurrentSequenceToSequence(Tiny with { Attention = attention, LayerCount = 2 }, seed: 3);
        using var tape = new Tape(recording: false);
        var random = new Random(1);
        using var two = model.BeginDecoding(tape, [1, 2, 3, 4], [4], beams: 2, maximumLength: 16);
        var logits = new float[2 * model.Config.VocabularySize];
        var written = new[] { new List<int>(), new List<int>() };
        for (var step = 0; step < 10; step++)
        {
            int[] parents = step == 0 ? [0, 1] : [random.Next(2), random.Next(2)];
            int[] tokens = [random.Next(20), random.Next(20)];
            written = [.. parents.Select((parent, beam) => new List<int>([.. written[parent], tokens[beam]]))];
            two.Advance(tokens, parents, logits);
        }
        for (var beam = 0; beam < 2; beam++)
        {
            using var alone = model.BeginDecoding(tape, [1, 2, 3, 4], [4], beams: 1, maximumLength: 16);
            var expected = new float[model.Config.VocabularySize];
            foreach (var token in written[beam])
            {
                alone.Advance([token], [0], expected);
            }
            Assert.Equal(expected, logits[(beam * expected.Length)..((beam + 1) * expected.Length)]);
        }
    }

    [Fact]
    public void Gradients_have_the_same_bits_on_any_number_of_threads_and_a_steady_step_allocates_nothing()
    {
        int[] source = [1, 2, 3, 4, 5, 0], lengths = [3, 2], inputs = [1, 2, 3, 4], targets = [2, 3, 4, -1];
        float[][] results = [.. Enumerable.Range(1, 2).Select(threads =>
        {
            using var model = new RecurrentSequenceToSequence(Tiny with { Dropout = 0.2f, LayerCount = 2 }, seed: 5);
            using var team = new Team(threads, IsaSelector.Default);
            using var tape = new Tape(team);
            var context = new ForwardContext(tape) { Training = true };
            context.SetRandomKey(1, 2, 3);
            var least = long.MaxValue;
            for (var step = 0; step < 12; step++)
            {
                model.Parameters.ZeroGradients();
                var before = GC.GetAllocatedBytesForCurrentThread();
                tape.Backward(model.Loss(
                    new SequencePairs { Count = 2, Source = source, SourceLengths = lengths, Inputs = inputs, Targets = targets }, context));
                tape.Reset();
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            Assert.Equal(0, least);
            Assert.Equal(0, tape.BytesInUse);
            return model.Parameters.All.SelectMany(parameter => parameter.GradientValues.ToArray()).ToArray();
        })];
        Assert.Equal(results[0], results[1]);
        Assert.Contains(results[0], gradient => gradient != 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_saved_model_is_the_model(bool attention)
    {
        using var folder = new TemporaryFolder();
        using var model = new RecurrentSequenceToSequence(
            Tiny with { Attention = attention, LayerCount = 2, Dropout = 0.3f, LabelSmoothing = 0.05f }, seed: 9);
        Assert.Equal(model.Parameters.Count, model.Config.ParameterCount);
        SequenceToSequenceFolder.Save(model, folder.Path);
        using var loaded = (RecurrentSequenceToSequence)SequenceToSequenceFolder.Load(folder.Path);
        Assert.Equal(model.Config, loaded.Config);
        Assert.All(model.Parameters.All, parameter => Assert.Equal(parameter.Values.ToArray(), loaded.Parameters[parameter.Name].Values.ToArray()));
    }

    private static RecurrentSequenceToSequenceConfig Tiny => new()
    {
        VocabularySize = 20, MaximumLength = 16, Width = 12, LayerCount = 1, Dropout = 0,
    };
}

using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Tests.Training;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Evaluation;

public sealed class LossEvaluationTests
{
    private const string Text = "The quick brown fox; größer als ein Fuchs. 那只狐狸。";

    private static TokenDataset Encode(Tokenizer tokenizer, params string[] texts) => TokenDataset.Encode(
        [.. texts.Select(text => new Document("d", text))], text => tokenizer.Encode(text), tokenizer.VocabularySize, tokenizer.BeginningOfTextId);

    private static EvaluationResult Measure(LanguageModel model, TokenDataset data, int batch, int context, int threads = 1, int batches = 0)
    {
        using var team = new Team(threads, IsaSelector.Default);
        using var tape = new Tape(team);
        return new LossEvaluation(data, model.Tokenizer, batch, context, batches).Measure(model.Model, tape);
    }

    /// <summary>From the logits, window by window, in double.</summary>
    private static double NatsByHand(LanguageModel model, int[] stream, int context)
    {
        using var tape = new Tape(recording: false);
        var nats = 0.0;
        for (var start = 0; start < stream.Length - 1; start += context)
        {
            var length = Math.Min(context, stream.Length - 1 - start);
            var logits = model.Model.Forward(stream.AsSpan(start, length), 1, new ForwardContext(tape)).ToArray();
            for (var t = 0; t < length; t++)
            {
                var row = logits.AsSpan(t * model.Model.Config.VocabularySize, model.Model.Config.VocabularySize).ToArray();
                nats += Math.Log(row.Sum(value => Math.Exp(value))) - row[stream[start + t + 1]];
            }
            tape.Reset();
        }
        return nats;
    }

    [Theory]
    [InlineData("gpt2", 1)]
    [InlineData("gpt2", 3)]
    [InlineData("llama", 2)]
    public void Bits_per_byte_are_the_nats_of_all_tokens_over_ln_2_over_the_bytes_of_the_text(string shape, int batch)
    {
        using var model = TinyRun.Model(shape, dropout: 0.5f); // which must be off
        using var data = Encode(model.Tokenizer, Text, "second");
        var bytes = System.Text.Encoding.UTF8.GetByteCount(Text + "second");
        int[] stream = [256, .. model.Tokenizer.Encode(Text), 256, .. model.Tokenizer.Encode("second")];
        var nats = NatsByHand(model, stream, context: 16);
        var result = Measure(model, data, batch, context: 16);
        Assert.Equal(nats / (stream.Length - 1), result.Loss, 1e-5);
        Assert.Equal(result.Loss * (stream.Length - 1) / Math.Log(2) / bytes, result.BitsPerByte, 1e-9);
        Assert.Equal(Math.Exp(result.Loss), result.Perplexity, 1e-9);
    }

    [Fact]
    public void A_measurement_has_the_same_bits_on_two_threads_and_each_time()
    {
        using var model = TinyRun.Model();
        using var data = Encode(model.Tokenizer, TinyRun.Text(100));
        var first = Measure(model, data, 3, 16);
        Assert.Equal(first, Measure(model, data, 3, 16));
        Assert.Equal(first, Measure(model, data, 3, 16, threads: 2));
    }

    [Fact]
    public void Fewer_batches_measure_a_part_of_the_text()
    {
        using var model = TinyRun.Model();
        using var data = Encode(model.Tokenizer, TinyRun.Text(100));
        Assert.Equal(32, new LossEvaluation(data, model.Tokenizer, 2, 16, batches: 1).Bytes);
        Assert.Equal(data.ByteCount, new LossEvaluation(data, model.Tokenizer, 2, 16, batches: 0).Bytes);
    }

    [Fact]
    public void A_vocabulary_with_unused_ids_is_measured()
    {
        using var folder = new TemporaryFolder();
        new ByteTokenizer().Save(folder.Path);
        var file = folder["tokenizer.json"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"id\": 256", "\"id\": 260", StringComparison.Ordinal));
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(261, tokenizer.VocabularySize);
        using var data = Encode(tokenizer, Text);
        Assert.Equal(data.ByteCount, new LossEvaluation(data, tokenizer, 2, 16, batches: 0).Bytes);
    }

    [Fact]
    public void A_measurement_can_be_cancelled_and_leaves_the_tape_usable()
    {
        using var model = TinyRun.Model();
        using var data = Encode(model.Tokenizer, TinyRun.Text(100));
        using var tape = new Tape(Team.Shared);
        var evaluation = new LossEvaluation(data, model.Tokenizer, 2, 16, batches: 0);
        Assert.ThrowsAny<OperationCanceledException>(() => evaluation.Measure(model.Model, tape, new CancellationToken(canceled: true)));
        Assert.True(tape.Recording);
        Assert.True(evaluation.Measure(model.Model, tape, TestContext.Current.CancellationToken).Loss > 0);
    }

    [Fact]
    public void A_text_of_one_token_is_refused()
    {
        using var data = Encode(new ByteTokenizer(), "");
        Assert.Throws<InvalidDataException>(() => new LossEvaluation(data, new ByteTokenizer(), 2, 16, batches: 0));
    }
}

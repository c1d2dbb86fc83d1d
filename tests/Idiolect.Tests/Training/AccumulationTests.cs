using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Several passes of a step are one large one, however unequal they are.</summary>
public sealed class AccumulationTests
{
    private const int Time = 16;

    [Fact]
    public void Passes_that_count_different_numbers_of_targets_give_the_gradient_and_the_loss_of_one_with_dropout_on()
    {
        // Eight rows in passes of 1, 4 and 3; row r has 2 r + 1 targets that count.
        int[] starts = [0, 1, 5, 8];
        var random = new Random(1);
        int[] Ids() => [.. Enumerable.Range(0, 8 * Time).Select(_ => random.Next(257))];
        var (inputs, targets) = (Ids(), Ids());
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = i % Time <= 2 * (i / Time) ? targets[i] : -1;
        }

        var (whole, wholeLoss) = Gradients(passes: 1, _ => (0, 8));
        var (parts, partsLoss) = Gradients(passes: 3, micro => (starts[micro], starts[micro + 1]));
        SimpleTask.RequireNear(whole, parts, 1e-6);
        Assert.Equal(wholeLoss, partsLoss, 1e-6 * wholeLoss);

        (float[] Gradients, double Loss) Gradients(int passes, Func<int, (int First, int End)> rows)
        {
            using var model = new Gpt(TinyRun.Config("llama", dropout: 0.2f), seed: 5);
            var task = new SimpleTask(
                model.Parameters,
                micro =>
                {
                    var (first, end) = rows(micro);
                    return new PassSize(end - first, (end - first) * Time, targets[(first * Time)..(end * Time)].Count(target => target >= 0));
                },
                (micro, context) =>
                {
                    var (first, end) = rows(micro);
                    return model.Loss(inputs.AsSpan()[(first * Time)..(end * Time)], targets.AsSpan()[(first * Time)..(end * Time)], end - first, context);
                });
            return Compute(task, passes);
        }
    }

    [Fact]
    public void A_pass_that_counts_nothing_contributes_nothing_and_is_not_run()
    {
        using var model = new Gpt(TinyRun.Config("gpt2", dropout: 0), seed: 5);
        int[] ids = [.. Enumerable.Range(0, Time)];
        var alone = Compute(Task(_ => 1), passes: 1);
        var withEmpty = Compute(Task(micro => micro == 1 ? 1 : 0), passes: 3);
        Assert.Equal(alone.Gradients, withEmpty.Gradients);
        Assert.Equal(alone.Loss, withEmpty.Loss);
        var nothing = Compute(Task(_ => 0), passes: 2);
        Assert.All(nothing.Gradients, gradient => Assert.Equal(0f, gradient));
        Assert.Equal(0, nothing.Loss);

        SimpleTask Task(Func<int, int> counted) => new(
            model.Parameters,
            micro => new PassSize(counted(micro), Time * counted(micro), Time * counted(micro)),
            (micro, context) =>
            {
                Assert.True(counted(micro) > 0);
                return model.Loss(ids, ids, 1, context);
            });
    }

    [Theory]
    [InlineData(-1, 16, 16)]
    [InlineData(1, -16, 16)]
    [InlineData(1, 16, -16)]
    public void A_pass_that_counts_less_than_nothing_is_refused(long sequences, long tokens, long counted)
    {
        using var model = new Gpt(TinyRun.Config("gpt2", dropout: 0), seed: 5);
        int[] ids = [.. Enumerable.Range(0, Time)];
        var task = new SimpleTask(
            model.Parameters, micro => micro == 0 ? new PassSize(1, Time, Time) : new PassSize(sequences, tokens, counted),
            (_, context) => model.Loss(ids, ids, 1, context));
        Assert.Contains("pass 1 of step 0", Assert.Throws<InvalidOperationException>(() => Compute(task, passes: 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_of_pairs_of_unequal_lengths_give_the_gradient_of_one()
    {
        var lines = Enumerable.Range(0, 60).Select(i => $"{TinyRun.Text(1 + (i % 7), i)} {i}\t{TinyRun.Text(1 + (i * 5 % 11), 100 + i)}");
        using var folder = new TemporaryFolder();
        var corpus = ParallelCorpus.Load(folder.Write("pairs.tsv", string.Join('\n', lines)), new ParallelCorpusOptions());
        var tokenizer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 300 })
            .Train(corpus.Training.Select(pair => pair.Source), null, TestContext.Current.CancellationToken);
        var config = new EncoderDecoderConfig
        {
            VocabularySize = tokenizer.VocabularySize, MaximumLength = 128, Width = 16, HeadCount = 2, EncoderLayerCount = 1, DecoderLayerCount = 1,
            NormFirst = true, Dropout = 0, LabelSmoothing = 0.1f,
        };
        using var model = new EncoderDecoder(config, seed: 1);
        var data = TranslationData.Encode(
            corpus, config, tokenizer, new TranslationLanguages("en", ["de"]), TestContext.Current.CancellationToken).Training;

        int[][] passes = [[0], [1, 2, 3, 4, 5, 6], [7, 8, 9]];
        var batch = new PairBatch(data);
        var (parts, partsLoss) = Compute(Task(passes), passes: 3);
        var (whole, wholeLoss) = Compute(Task([[.. passes.SelectMany(pairs => pairs)]]), passes: 1);
        SimpleTask.RequireNear(whole, parts, 1e-6);
        Assert.Equal(wholeLoss, partsLoss, 1e-6 * wholeLoss);

        SimpleTask Task(int[][] pairs) => new(
            model.Parameters,
            micro => new PassSize(pairs[micro].Length, 0, pairs[micro].Sum(pair => data.Targets[pair].Length + 1)),
            (micro, context) => model.Loss(batch.Fill(pairs[micro]), context));
    }

    [Fact]
    public void Gaps_do_not_depend_on_how_a_step_is_divided()
    {
        var tokenizer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 300, SpecialTokens = [Tokenizer.EndOfText, Tokenizer.Mask] })
            .Train([TinyRun.Text(200)], null, TestContext.Current.CancellationToken);
        var corpus = new Corpus("texts", [.. Enumerable.Range(0, 90).Select(i => new Document("t", TinyRun.Text(i < 60 ? 1 : 12, i)))], [new("v", "a model")]);
        using var data = TrainingData.Encode(corpus, tokenizer, cancellationToken: TestContext.Current.CancellationToken);
        var config = new BertConfig { VocabularySize = 300, ContextLength = 32, LayerCount = 1, HeadCount = 2, Width = 16, Dropout = 0.1f };
        int step;
        using (var model = new Bert(config, seed: 3))
        {
            var task = new MaskedLanguageModelTask(model, tokenizer, data, Options(3) with { BatchSize = 2 });
            step = Enumerable.Range(0, 100).First(step => Enumerable.Range(0, 3).Select(micro => task.Size(step, micro).Counted).Distinct().Count() > 1);
        }

        var (whole, wholeLoss) = Gradients(batch: 6, passes: 1);
        var (parts, partsLoss) = Gradients(batch: 2, passes: 3);
        SimpleTask.RequireNear(whole, parts, 1e-6);
        Assert.Equal(wholeLoss, partsLoss, 1e-6 * wholeLoss);

        (float[], double) Gradients(int batch, int passes)
        {
            using var model = new Bert(config, seed: 3);
            var task = new MaskedLanguageModelTask(model, tokenizer, data, Options(passes) with { BatchSize = batch });
            return Compute(task, passes, step);
        }
    }

    private static TrainingOptions Options(int passes) => new() { GradientAccumulation = passes, Threads = 1 };

    private static (float[] Gradients, double Loss) Compute(ITrainingTask task, int passes, long number = 0)
    {
        using var step = new TrainingStep(task.Parameters, Options(passes));
        var computed = step.ComputeGradients(number, task);
        var gradients = SimpleTask.Gradients(task.Parameters);
        task.Parameters.ZeroGradients();
        return (gradients, computed.Loss);
    }
}

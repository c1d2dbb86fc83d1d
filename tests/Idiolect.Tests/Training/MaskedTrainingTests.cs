using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Learning to fill gaps, end to end: masks, training, resume, filling, vectors.</summary>
[Trait("Lane", "Full")]
public sealed class MaskedTrainingTests : IDisposable
{
    private static readonly string[] Animals = ["cat", "dog", "cow", "hen"];
    private static readonly string[] Sounds = ["meows", "barks", "moos", "clucks"];

    private readonly TemporaryFolder _folder = new();
    private readonly Corpus _corpus;
    private readonly Tokenizer _tokenizer;

    public MaskedTrainingTests()
    {
        var random = new Random(3);
        Document Text() => new("t", string.Concat(Enumerable.Range(0, 6).Select(_ => random.Next(4)).Select(i => $" {Animals[i]} {Sounds[i]}.")));
        _corpus = new Corpus("animals", [.. Enumerable.Range(0, 80).Select(_ => Text())], [.. Enumerable.Range(0, 10).Select(_ => Text())]);
        _tokenizer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 320, SpecialTokens = [Tokenizer.EndOfText, Tokenizer.Mask] })
            .Train(_corpus.Training.Select(document => document.Text), null, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_small_model_learns_to_fill_a_gap_from_both_sides()
    {
        using var model = Create(dropout: 0);
        EvaluationCompleted? last = null;
        using (var data = Encode(_tokenizer))
        using (var trainer = New(model, data, Options with { Steps = 500, BatchSize = 16, WarmupSteps = 20, Optimizer = OptimizerKind.Muon, LearningRate = 1e-2 }, _folder["run"]))
        {
            trainer.Run(new TinyRun.Listener(news => last = news as EvaluationCompleted ?? last), TestContext.Current.CancellationToken);
        }
        Assert.True(last!.Accuracy > 0.7, $"{last.Accuracy} of the gaps are filled rightly");

        using var loaded = MaskedLanguageModel.Load(new CheckpointStore(_folder["run"]).ModelFolder!);
        // What stands to the right of the gap decides, then what stands to its left.
        const string Before = " dog barks. cow moos. ", After = " hen clucks. cat meows."; // texts like those that it learned from
        bool IsRight(string gapped, string word) => loaded.Fill(gapped, topK: 1)[0][0].Token == $" {word}";
        var right = Animals.Zip(Sounds).Count(pair => IsRight($"{Before}[MASK] {pair.Second}.{After}", pair.First))
            + Animals.Zip(Sounds).Count(pair => IsRight($"{Before}{pair.First} [MASK].{After}", pair.Second));
        Assert.True(right >= 6, $"{right} of 8 gaps are filled rightly; chance fills 2");
        var guesses = loaded.Fill(" cat [MASK]. [MASK] barks.", topK: 1000);
        Assert.Equal(2, guesses.Count);
        Assert.InRange(guesses[0].Sum(guess => guess.Probability), 0.9, 1.0 + 1e-9);
        Assert.Equal(guesses[0].OrderByDescending(guess => guess.Probability), guesses[0]);
        Assert.Throws<ArgumentException>(() => loaded.Fill("no gap"));
        Assert.Throws<ArgumentException>(() => loaded.Fill(string.Concat(Enumerable.Repeat("the [MASK] ", 40))));
    }

    [Fact]
    public void A_run_that_was_interrupted_ends_with_the_same_bytes()
    {
        var options = Options with { Steps = 24, EvaluateEvery = 8, CheckpointEvery = 8, GradientAccumulation = 2 };
        using (var model = Create())
        using (var data = Encode(_tokenizer))
        using (var trainer = New(model, data, options with { Threads = 1 }, _folder["straight"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        using (var model = Create())
        using (var data = Encode(_tokenizer))
        using (var trainer = New(model, data, options with { Threads = 2 }, _folder["parts"]))
        using (var stop = new CancellationTokenSource())
        {
            trainer.Run(new TinyRun.Listener(news => { if (news is StepCompleted { Step: 11 }) { stop.Cancel(); } }), stop.Token);
        }
        using (var again = Encode(_tokenizer))
        using (var trainer = Resume(_folder["parts"], again, out var model))
        using (model)
        {
            Assert.Equal(11, trainer.StepsTaken);
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        Assert.Equal(
            TinyRun.BytesOf(_folder["straight/checkpoints/step-00000024"]), TinyRun.BytesOf(_folder["parts/checkpoints/step-00000024"]));
        using var other = Encode(_tokenizer) with { Hash = "other" };
        var refusal = Assert.Throws<InvalidDataException>(() => Resume(_folder["parts"], other, out _));
        Assert.Contains("training data changed", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_gaps_are_measured_each_time_on_any_number_of_threads()
    {
        using var model = Create();
        using var data = Encode(_tokenizer);
        var evaluation = new MaskedEvaluation(data.Validation!, _tokenizer, batchSize: 3, contextLength: 32, batches: 0);
        var first = evaluation.Measure(model.Model, threads: 1, TestContext.Current.CancellationToken);
        Assert.InRange(evaluation.Tokens, 0.1 * data.Validation!.TokenCount, 0.2 * data.Validation.TokenCount);
        Assert.Equal(first, new MaskedEvaluation(data.Validation, _tokenizer, 3, 32, 0).Measure(model.Model, threads: 2, TestContext.Current.CancellationToken));
        Assert.InRange(first.Loss, 4, 7); // a model that knows nothing: ln 320 is 5.8
    }

    [Fact]
    public void Vectors_have_length_one_and_do_not_depend_on_their_neighbours()
    {
        using var embedder = new TextEmbedder(Create().Model, _tokenizer);
        string[] texts = ["the cat meows", "the dog barks today. the dog barks", "", "hen"];
        var together = embedder.Embed(texts, threads: 2, TestContext.Current.CancellationToken);
        Assert.All(together, vector => Assert.Equal(1, TextEmbedder.Cosine(vector, vector), 1e-5));
        Assert.All(texts.Zip(together), pair => Assert.Equal(pair.Second, embedder.Embed([pair.First], threads: 1, TestContext.Current.CancellationToken)[0]));
        Assert.True(TextEmbedder.Cosine(together[0], together[1]) < 0.9999);
    }

    [Fact]
    public void Of_a_text_that_is_too_long_only_the_end_does_not_count()
    {
        using var embedder = new TextEmbedder(Create().Model, _tokenizer);
        var longest = string.Concat(Enumerable.Repeat("\u0001", embedder.LongestText)); // a byte that no merge has

        var vectors = embedder.Embed([longest, longest + "\u0001"], out var truncated, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal([false, true], truncated);
        Assert.Equal(vectors[0], vectors[1]);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("lstm")]
    public void A_model_that_writes_gives_vectors_too_but_fills_no_gaps(string shape)
    {
        using (var model = TinyRun.Model(shape))
        {
            model.Save(_folder["writes"]);
        }
        using var embedder = TextEmbedder.Load(_folder["writes"]);
        var vectors = embedder.Embed(["the model", "a longer text"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(vectors[0], embedder.Embed(["the model"], cancellationToken: TestContext.Current.CancellationToken)[0]);
        Assert.Contains("fill no gaps", Assert.Throws<InvalidDataException>(() => MaskedLanguageModel.Load(_folder["writes"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bpe")]
    [InlineData("char")]
    [InlineData("byte")]
    public void A_mask_survives_saving_and_is_told_to_Hugging_Face(string kind)
    {
        string[] special = [Tokenizer.EndOfText, Tokenizer.Mask];
        Tokenizer tokenizer = kind switch { "bpe" => _tokenizer, "char" => CharacterTokenizer.Train(["a cat"], special), _ => new ByteTokenizer(special) };
        tokenizer.Save(_folder[kind]);
        var loaded = Tokenizer.Load(_folder[kind]);
        Assert.Equal((tokenizer.MaskId, tokenizer.BeginningOfTextId, tokenizer.VocabularySize - 1), (loaded.MaskId, loaded.BeginningOfTextId, loaded.MaskId!.Value));
        Assert.Equal(tokenizer.Hash, loaded.Hash);
        Assert.Contains("\"mask_token\": \"[MASK]\"", File.ReadAllText(_folder[$"{kind}/tokenizer_config.json"]), StringComparison.Ordinal);
        Assert.Contains("\"lstrip\": true", File.ReadAllText(_folder[$"{kind}/tokenizer.json"]), StringComparison.Ordinal);
    }

    private static TrainingOptions Options => new(
        BatchSize: 8, LearningRate: 5e-3, WarmupSteps: 10, Beta2: 0.98, WeightDecay: 0.01, EvaluateEvery: 50, CheckpointEvery: 50, EvaluationBatches: 4);

    private MaskedLanguageModel Create(float dropout = 0.05f) => new(
        new Bert(
            new BertConfig
            {
                VocabularySize = 320, ContextLength = 32, LayerCount = 2, HeadCount = 2, Width = 32, Dropout = dropout, BeginningOfTextId = _tokenizer.BeginningOfTextId,
            },
            seed: 2),
        _tokenizer);

    private static Trainer New(MaskedLanguageModel model, TrainingData data, TrainingOptions options, string run)
        => new(new MaskedLanguageModelTask(model.Model, model.Tokenizer, data, options), options, run);

    private static Trainer Resume(string run, TrainingData data, out MaskedLanguageModel model)
    {
        MaskedLanguageModel? loaded = null;
        var trainer = Trainer.Resume(run, (checkpoint, _, options) =>
        {
            loaded = MaskedLanguageModel.Load(checkpoint);
            return new MaskedLanguageModelTask(loaded.Model, loaded.Tokenizer, data, options);
        });
        model = loaded!;
        return trainer;
    }

    private TrainingData Encode(Tokenizer tokenizer) => TrainingData.Encode(_corpus, tokenizer, cancellationToken: TestContext.Current.CancellationToken);
}

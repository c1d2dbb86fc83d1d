using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A head on a pre-trained model of each kind: what it learns, what it leaves alone, what is saved.</summary>
[Trait("Lane", "Full")]
public sealed class ClassificationTests : IDisposable
{
    private static readonly string[] Special = [Tokenizer.EndOfText, Tokenizer.Mask];

    private readonly TemporaryFolder _folder = new();
    private readonly LabelledCorpus _corpus;

    public ClassificationTests()
    {
        string[][] words = [["sun", "rain", "wind", "snow"], ["bread", "rice", "soup", "cake"], ["goal", "team", "ball", "race"]];
        string[] labels = ["weather", "food", "sport"];
        var random = new Random(5);
        _corpus = LabelledCorpus.Load(_folder.Write("texts.jsonl", string.Join('\n', Enumerable.Range(0, 240).Select(i =>
            $$"""{"text":"{{string.Join(' ', Enumerable.Range(0, 2 + (i % 4)).Select(_ => words[i % 3][random.Next(4)]))}} {{i}}","label":"{{labels[i % 3]}}"}"""))));
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Backbones => ["gpt2", "llama", "bert", "lstm"];

    [Theory, MemberData(nameof(Backbones))]
    public void A_model_of_any_kind_learns_to_classify_and_is_saved_with_its_labels(string kind)
    {
        using (var classifier = Begin(kind))
        using (var trainer = New(classifier, Options, false, _folder["run"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        var folder = new CheckpointStore(_folder["run"]).ModelFolder!;
        Assert.Equal(["food", "sport", "weather"], ClassifierFolder.LoadLabels(folder));
        using var loaded = TextClassifier.Load(folder);
        var shares = loaded.Classify([.. _corpus.Validation.Select(text => text.Text)], threads: 1, TestContext.Current.CancellationToken);
        Assert.All(shares, share => Assert.Equal(1, share.Sum(), 1e-9));
        var scores = ClassificationScores.Measure([.. shares.Select(share => Array.IndexOf(share, share.Max()))], _corpus, loaded.Model.Labels);
        Assert.True(scores.Accuracy > 0.8, $"{scores.Accuracy} of the texts are classified rightly");
        Assert.InRange(scores.NaiveBayesAccuracy, 0.9, 1);
        Assert.InRange(scores.MajorityAccuracy, 0.3, 0.4);

        // A text alone has the same bits as among others, on any number of threads.
        Assert.Equal(shares[0], loaded.Classify([_corpus.Validation[0].Text], threads: 2, TestContext.Current.CancellationToken)[0]);
        var config = File.ReadAllText(Path.Combine(folder, "config.json"));
        Assert.Contains("\"label2id\"", config, StringComparison.Ordinal);
        Assert.Equal(kind is "gpt2" or "llama", config.Contains("ForSequenceClassification", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Backbones))]
    public void A_frozen_backbone_keeps_its_bits_and_a_run_goes_on_to_the_same_bytes(string kind)
    {
        foreach (var freeze in new[] { true, false })
        {
            var (straight, parts) = (_folder[$"straight-{freeze}"], _folder[$"parts-{freeze}"]);
            var options = Options with { Steps = 12, EvaluateEvery = 6, CheckpointEvery = 6, BatchSize = 7, GradientAccumulation = 2 };
            float[][] before;
            using (var classifier = Begin(kind))
            using (var trainer = New(classifier, options with { Threads = 1 }, freeze, straight))
            {
                before = [.. classifier.Model.Parameters.All.Select(parameter => parameter.Values.ToArray())];
                trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
                var moved = classifier.Model.Parameters.All.Where((parameter, i) => !parameter.Values.SequenceEqual(before[i])).Select(parameter => parameter.Name).ToArray();
                Assert.Contains("score.weight", moved);
                Assert.Equal(freeze, moved.Length == 1);
            }
            using (var classifier = Begin(kind))
            using (var trainer = New(classifier, options with { Threads = 2 }, freeze, parts))
            using (var stop = new CancellationTokenSource())
            {
                trainer.Run(new TinyRun.Listener(news => { if (news is StepCompleted { Step: 5 }) { stop.Cancel(); } }), stop.Token);
            }
            using (var trainer = Resume(parts, freeze, null, out var classifier))
            using (classifier)
            {
                trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
            }
            Assert.Equal(TinyRun.BytesOf(Path.Combine(straight, "checkpoints", "step-00000012")), TinyRun.BytesOf(Path.Combine(parts, "checkpoints", "step-00000012")));
        }
    }

    [Fact]
    public void A_run_whose_backbone_learnt_does_not_go_on_with_a_frozen_one()
    {
        using (var classifier = Begin("gpt2"))
        using (var trainer = New(classifier, Options with { Steps = 1, WarmupSteps = 0 }, false, _folder["run"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }

        var error = Assert.Throws<InvalidDataException>(() => Resume(
            _folder["run"], freeze: true, options => options with { Steps = 2 }, out _));

        Assert.Contains("belongs to no parameter that learns here", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Backbones))]
    public void Gradients_agree_with_finite_differences(string kind)
    {
        using var classifier = Begin(kind);
        var model = classifier.Model;
        foreach (var parameter in model.Parameters.All)
        {
            parameter.Assign([.. parameter.Values.ToArray().Select((v, i) => v + (0.2f * (float)CounterRandom.Normal(ParameterSet.HashName(parameter.Name), (ulong)i)))]);
        }
        int[] tokens = [5, 6, 7, 8, 9, 70, 71, 0, 0, 0, 30, 31, 32, 0, 0];
        using var tape = new Tape();
        ForwardBackward();
        var gradients = model.Parameters.All.ToDictionary(p => p, p => p.GradientValues.ToArray());
        foreach (var (parameter, gradient) in gradients.Where(pair => Goldens.Norm(pair.Value) > 1e-3))
        {
            var norm = Goldens.Norm(gradient);
            const float Step = 1e-2f;
            var original = parameter.Values.ToArray();
            var measured = (LossAt(+Step) - LossAt(-Step)) / (2 * Step); // along its own gradient a loss rises by the gradient's norm
            parameter.Assign(original);
            Assert.True(Math.Abs(measured - norm) < 1e-3 + (0.03 * norm), $"{parameter.Name}: the gradient's norm is {norm:G4}, finite differences give {measured:G4}.");

            double LossAt(float step)
            {
                parameter.Assign([.. original.Select((value, i) => value + (step * (float)(gradient[i] / norm)))]);
                return ForwardBackward();
            }
        }

        double ForwardBackward()
        {
            model.Parameters.ZeroGradients();
            var loss = model.Loss(tokens, [5, 2, 3], [0, 2, 1], new ForwardContext(tape));
            var value = loss.Item();
            tape.Backward(loss);
            tape.Reset();
            return value;
        }
    }

    [Fact]
    public void A_classifier_can_be_tuned_anew_for_other_labels()
    {
        using (var classifier = Begin("bert"))
        {
            classifier.Save(_folder["first"]);
        }
        using var second = TextClassifier.Begin(_folder["first"], ["yes", "no"]);
        second.Save(_folder["second"]);
        Assert.Equal(["yes", "no"], ClassifierFolder.LoadLabels(_folder["second"]));
        Assert.Equal(2, TextClassifier.Load(_folder["second"]).Classify(["sun"], cancellationToken: TestContext.Current.CancellationToken)[0].Length);
    }

    [Theory]
    [InlineData("\"0\": \"food\"", "\"9\": \"food\"", "id2label")]
    [InlineData("\"0\": \"food\"", "\"0\": \"\\ud800\"", "id2label")]
    [InlineData("\"0\": \"food\"", "\"0\": \"sport\"", "id2label")]
    [InlineData("\"0\": \"food\",", "", "id2label")]
    [InlineData("\"0\": \"food\"", "\"3\": \"more\", \"0\": \"food\"", "score.weight")]
    [InlineData("single_label_classification", "regression", "holds no classifier")]
    public void A_folder_that_makes_no_sense_is_refused_by_name(string field, string instead, string words)
    {
        using (var classifier = Begin("gpt2"))
        {
            classifier.Save(_folder["bad"]);
        }
        var file = _folder["bad/config.json"];
        File.WriteAllText(file, File.ReadAllText(file).Replace(field, instead, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => TextClassifier.Load(_folder["bad"]));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder["bad"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counting_models_and_single_labels_are_refused()
    {
        using var ngram = NGram.Train([1, 2, 3, 1, 2], vocabularySize: 4, order: 2, beginningOfTextId: null, TestContext.Current.CancellationToken);
        Assert.Throws<ArgumentException>(() => new Classifier(ngram, ["a", "b"]));
        using var gpt = new Gpt(TinyRun.Config("gpt2"));
        Assert.Throws<ArgumentException>(() => new Classifier(gpt, ["a"]));
        Assert.Throws<ArgumentException>(() => new Classifier(gpt, ["a", "a"]));
    }

    [Fact]
    public void Fewer_labels_than_texts_are_refused()
    {
        using var classifier = new Classifier(new Gpt(TinyRun.Config("gpt2")), ["a", "b"]);
        using var tape = new Tape();
        Assert.Throws<ArgumentException>("labels", () => classifier.Loss([1, 2, 3, 4], [2, 2], [0], new ForwardContext(tape)));
    }

    [Theory, MemberData(nameof(Backbones))]
    public void Lengths_that_texts_cannot_have_are_refused(string kind)
    {
        using var classifier = Begin(kind);
        using var tape = new Tape();
        Assert.Throws<ArgumentException>("lengths", () => classifier.Model.Forward([1, 2, 3, 4], [2, 3], new ForwardContext(tape)));
        Assert.Throws<ArgumentException>("lengths", () => classifier.Model.Forward([1, 2, 3, 4], [0, 2], new ForwardContext(tape)));
    }

    private static TrainingOptions Options => new(
        Steps: 120, BatchSize: 12, LearningRate: 5e-3, WarmupSteps: 5, WeightDecay: 0.01, EvaluateEvery: 40, CheckpointEvery: 40);

    private Trainer New(TextClassifier classifier, TrainingOptions options, bool freeze, string run)
        => new(Task(classifier, options, freeze), options, run);

    private Trainer Resume(string run, bool freeze, Func<TrainingOptions, TrainingOptions>? change, out TextClassifier classifier)
    {
        TextClassifier? loaded = null;
        var trainer = Trainer.Resume(run, (checkpoint, _, options) => Task(loaded = TextClassifier.Load(checkpoint), options, freeze), change);
        classifier = loaded!;
        return trainer;
    }

    private ClassificationTask Task(TextClassifier classifier, TrainingOptions options, bool freeze) => new(
        classifier.Model, classifier.Tokenizer, ClassificationData.Encode(_corpus, classifier.Model, classifier.Tokenizer), options, freeze);

    private TextClassifier Begin(string kind)
    {
        IModel backbone = kind == "bert"
            ? new Bert(new BertConfig { VocabularySize = 258, ContextLength = 48, LayerCount = 1, HeadCount = 2, Width = 24, Dropout = 0.05f }, seed: 3)
            : kind == "lstm"
            ? new Recurrent(new RecurrentConfig { VocabularySize = 258, ContextLength = 16, LayerCount = 1, Width = 24, Dropout = 0.05f }, seed: 3)
            : new Gpt(TinyRun.Config(kind, 0.05f) with { VocabularySize = 258, ContextLength = 48 }, seed: 3);
        return new TextClassifier(new Classifier(backbone, _corpus.Labels, seed: 4), new ByteTokenizer(Special));
    }
}

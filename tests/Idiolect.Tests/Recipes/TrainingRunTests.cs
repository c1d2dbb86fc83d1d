using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Tests.Recipes;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainingRunTests()
        => File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 400).Select(i => $"one text of {i % 31} and {i % 7} numbers\n\n")));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("nanogpt-cpu")]
    [InlineData("lstm")]
    [InlineData("bert")]
    public void A_recipe_is_trained_and_its_run_opened(string preset)
    {
        var finished = TrainingRun.Start(Small(preset), _folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((4, EndReason.Completed), (finished.Step, finished.Reason));
        Assert.True(double.IsFinite(finished.ValidationLoss));

        var run = Run.Open(_folder["run"]);
        Assert.Equal(4, run.StepsTaken);
        Assert.Equal(4, run.ReadHistory().StepsDone);
        TrainingRun.Start(run.ReadRecipe(), _folder["again"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Weights("run"), Weights("again"));
        if (preset == "bert")
        {
            using var model = run.LoadMaskedLanguageModel();
        }
        else
        {
            using var model = run.LoadLanguageModel();
        }
    }

    [Fact]
    public void A_run_goes_on_by_its_own_recipe()
    {
        var recipe = Small("nanogpt-cpu");
        TrainingRun.Start(recipe, _folder["whole"], cancellationToken: TestContext.Current.CancellationToken);

        using var stop = new CancellationTokenSource();
        var news = new List<TrainingProgress>();
        var interrupted = TrainingRun.Start(recipe, _folder["halves"], new Listener(Hear), stop.Token);
        Assert.Equal((2, EndReason.Interrupted), (interrupted.Step, interrupted.Reason));
        TrainingRun.Resume(_folder["halves"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Weights("whole"), Weights("halves"));
        Assert.Contains(news, told => told is TrainingStarted);

        void Hear(TrainingProgress told)
        {
            news.Add(told);
            if (told is StepCompleted { Step: 2 })
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void A_run_that_goes_on_otherwise_keeps_the_recipe_of_its_first_part()
    {
        TrainingRun.Start(Small("nanogpt-cpu"), _folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        var (first, firstPart) = (File.ReadAllText(_folder["run/recipe.json"]), Last("run"));
        var run = Run.Open(_folder["run"]);

        var recipe = run.ReadRecipe();
        recipe = recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-3, Steps = 6 } };
        TrainingRun.Resume(_folder["run"], recipe, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(first, File.ReadAllText(_folder["run/recipe.json"]));
        Assert.Equal((6, 1e-3), (run.ReadRecipe().Optimizer.Steps, run.ReadRecipe().Optimizer.LearningRate));

        // What it goes on with is its own from now on, also where the weights do not depend on it.
        recipe = run.ReadRecipe();
        TrainingRun.Resume(
            _folder["run"], recipe with { Evaluation = recipe.Evaluation with { Every = 1 } }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((1, 1e-3), (run.ReadRecipe().Evaluation.Every, run.ReadRecipe().Optimizer.LearningRate));
        Assert.Equal(first, File.ReadAllText(_folder["run/recipe.json"]));

        TrainingRun.Start(Recipe.Load(_folder["run/recipe.json"]), _folder["again"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(firstPart, Last("again"));
        Assert.False(File.Exists(_folder["again/recipe.resumed.json"]));
    }

    [Fact]
    public void A_run_whose_resume_changes_no_weight_follows_one_recipe()
    {
        var recipe = Small("nanogpt-cpu");
        recipe = recipe with { Optimizer = recipe.Optimizer with { Schedule = "constant" } };
        TrainingRun.Start(recipe, _folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        recipe = Run.Open(_folder["run"]).ReadRecipe();
        recipe = recipe with { Optimizer = recipe.Optimizer with { Steps = 6 }, Evaluation = recipe.Evaluation with { Every = 3 } };
        TrainingRun.Resume(_folder["run"], recipe, cancellationToken: TestContext.Current.CancellationToken);
        Assert.False(File.Exists(_folder["run/recipe.resumed.json"]));

        TrainingRun.Start(Recipe.Load(_folder["run/recipe.json"]), _folder["again"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(6, Run.Open(_folder["again"]).StepsTaken);
        Assert.Equal(Last("run"), Last("again"));
    }

    [Fact]
    public void What_a_run_that_goes_on_cannot_change_is_refused_by_name()
    {
        var begun = Small("nanogpt-cpu");
        TrainingRun.Start(begun, _folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        var written = File.ReadAllText(_folder["run/recipe.json"]);
        (string Field, Recipe Recipe)[] cases =
        [
            ("task", Recipe.Preset("translate")),
            ("seed", begun with { Seed = 7 }),
            ("base.model", begun with { Base = new BaseRecipe { Model = _folder["run"] } }),
            ("model.kind", Small("lstm")),
            ("model.width", begun with { Model = begun.Model with { Width = 32 } }),
            ("model.layerCount", begun with { Model = begun.Model with { LayerCount = 2 } }),
            ("model.contextLength", begun with { Model = begun.Model with { ContextLength = 8 } }),
            ("model.dropout", begun with { Model = begun.Model with { Dropout = 0.5 } }),
            ("tokenizer.kind", begun with { Tokenizer = new TokenizerRecipe { Kind = TokenizerRecipe.Characters } }),
            ("optimizer.kind", begun with { Optimizer = begun.Optimizer with { Kind = OptimizerRecipe.Muon } }),
            ("optimizer.steps", begun with { Optimizer = begun.Optimizer with { Steps = 3 } }),
            ("optimizer.learningRate", begun with { Optimizer = begun.Optimizer with { LearningRate = 0 } }),
        ];
        Assert.All(cases, wrong => Assert.StartsWith(
            $"{wrong.Field} ",
            Assert.Throws<ArgumentException>(() => TrainingRun.Resume(
                _folder["run"], wrong.Recipe, allowOtherData: true, cancellationToken: TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal));
        Assert.Equal(written, File.ReadAllText(_folder["run/recipe.json"]));
        Assert.Equal(4, Run.Open(_folder["run"]).StepsTaken);

        // The recipe that it was started with is its own, whatever was left open in it.
        Assert.Equal(4, TrainingRun.Resume(_folder["run"], begun, cancellationToken: TestContext.Current.CancellationToken).Step);
        Assert.False(File.Exists(_folder["run/recipe.resumed.json"]));
    }

    [Fact]
    public void An_n_gram_run_is_complete_at_once()
    {
        var recipe = Small("ngram");
        var finished = TrainingRun.Start(recipe, _folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(finished.IsComplete);
        using var model = Run.Open(_folder["run"]).LoadLanguageModel();
        Assert.True(TrainingRun.Resume(_folder["run"], cancellationToken: TestContext.Current.CancellationToken).IsComplete);
    }

    [Fact]
    public void A_run_whose_listener_is_gone_is_saved()
    {
        var lost = Assert.Throws<ProgressLostException>(() => TrainingRun.Start(
            Small("nanogpt-cpu"), _folder["run"], new Listener(news => _ = news is StepCompleted { Step: 3 } ? throw new IOException("gone") : news),
            TestContext.Current.CancellationToken));
        Assert.Equal("gone; saved after step 3", lost.Message);
        Assert.Equal(3, Run.Open(_folder["run"]).StepsTaken);
    }

    [Fact]
    public void A_run_that_cannot_begin_leaves_nothing()
    {
        var recipe = Small("nanogpt-cpu");
        Assert.ThrowsAny<Exception>(() => TrainingRun.Start(
            recipe with { Data = recipe.Data with { Source = _folder["none.txt"] } }, _folder["run"], cancellationToken: TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(_folder["run"]));
        Assert.Throws<DirectoryNotFoundException>(() => Run.Open(_folder["run"]));
    }

    [Fact]
    public void The_settings_of_an_earlier_version_are_a_recipe()
    {
        File.WriteAllText(_folder["setup.json"], Earlier);
        var recipe = Run.Open(_folder.Path).ReadRecipe();
        Assert.Equal(
            Recipe.Preset("nanogpt-cpu") with { Precision = "fp32", Data = Recipe.Preset("nanogpt-cpu").Data with { Source = "/tmp/a.txt" } },
            recipe with { Model = recipe.Model with { KeyValueHeadCount = null } });
        Assert.Equal(4, recipe.Model.KeyValueHeadCount);
    }

    [Theory]
    [InlineData("\"headCount\": 4", "\"headCount\": 0", "\"headCount\" is 0; it must be a whole number of at least 1")]
    [InlineData("\"dropout\": 0", "\"dropout\": 1.5", "\"dropout\" is 1.5; it must be a number from 0 to 0.95")]
    [InlineData("\"schedule\": \"cosine\"", "\"schedule\": \"foo\"", "\"schedule\" is \"foo\"; it must be one of cosine, wsd, constant, inverse-sqrt")]
    [InlineData("\"width\": 128,", "", "\"width\" is missing")]
    [InlineData("}", "", "not valid JSON")]
    public void Settings_of_an_earlier_version_that_make_no_sense_are_named_as_the_file_does(string value, string wrong, string message)
    {
        File.WriteAllText(_folder["setup.json"], Earlier.Replace(value, wrong, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => Run.Open(_folder.Path).ReadRecipe()).Message;
        Assert.StartsWith($"{_folder["setup.json"]}: {message}", error, StringComparison.Ordinal);
    }

    // As version c7d1c16 wrote it.
    private const string Earlier = """
        {
          "task": null, "model": "transformer", "from": "en", "to": "de", "split": "cluster", "normFirst": true, "labelSmoothing": 0.1,
          "preset": "nanogpt-cpu", "data": "/tmp/a.txt", "field": "text", "labelField": "label", "freeze": false, "validationFraction": 0.1,
          "tokenizer": "char", "vocabularySize": 4096, "architecture": "gpt2", "order": 6, "layerCount": 4, "headCount": 4, "keyValueHeadCount": 4,
          "width": 128, "contextLength": 64, "dropout": 0, "batchSize": 12, "gradientAccumulation": 1, "steps": 2000, "learningRate": 0.002,
          "minimumLearningRate": 0.0002, "warmupSteps": 100, "schedule": "cosine", "weightDecay": 0.1, "beta1": 0.9, "beta2": 0.99, "l1": 0, "l2": 0,
          "gradientClip": 1, "evaluateEvery": 250, "evaluationBatches": 20, "earlyStop": null, "checkpointEvery": 250, "keepCheckpoints": 2, "seed": 1337,
          "optimizer": "adamw", "recompute": false, "precision": "fp32", "threads": null
        }
        """;

    private Recipe Small(string preset)
    {
        var recipe = Recipe.Preset(preset);
        return recipe with
        {
            Threads = 1,
            Data = recipe.Data with { Source = _folder["text.txt"] },
            Tokenizer = recipe.Tokenizer with { Kind = TokenizerRecipe.Bytes },
            Model = recipe.Model with { LayerCount = 1, HeadCount = 2, Width = 16, ContextLength = 16, Order = 3 },
            Optimizer = recipe.Optimizer with { Steps = 4, WarmupSteps = 2, BatchSize = 2 },
            Evaluation = recipe.Evaluation with { Every = 2, CheckpointEvery = 2, Batches = 1 },
        };
    }

    private byte[] Weights(string run) => File.ReadAllBytes(Path.Combine(Run.Open(_folder[run]).ModelFolder!, "model.safetensors"));

    /// <summary>The weights of the newest checkpoint.</summary>
    private byte[] Last(string run) => File.ReadAllBytes(Path.Combine(new CheckpointStore(_folder[run]).Checkpoints[0].Path, "model.safetensors"));

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}

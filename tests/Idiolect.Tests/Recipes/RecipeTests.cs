using Idiolect.Data;
using Idiolect.Models;
using Idiolect.Recipes;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Recipes;

public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Presets => [.. Recipe.PresetNames];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_presets_are_the_files_of_the_repository()
        => Assert.Equal(
            Recipe.PresetNames.Order(StringComparer.Ordinal),
            typeof(Recipe).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".json", StringComparison.Ordinal))
                .Select(name => name["Idiolect.Recipes.".Length..^".json".Length]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Presets))]
    public void A_preset_makes_sense_and_survives_its_file(string name)
    {
        var recipe = Recipe.Preset(name);
        Assert.Equal(name, recipe.PresetName);
        Assert.Equal(recipe, Reread(recipe));
    }

    [Fact]
    public void A_recipe_survives_its_file()
    {
        var preset = Recipe.Preset("gpt2-124m");
        var recipe = preset with
        {
            Seed = ulong.MaxValue, Precision = "bf16", Threads = 3,
            Optimizer = preset.Optimizer with { LearningRate = 0.1 + 0.2, L1 = 1e-7 },
            Evaluation = preset.Evaluation with { EarlyStop = 5 },
            Data = preset.Data with { Source = "books/ä \"b\".jsonl", TextField = "body" },
        };
        Assert.Equal(recipe, Reread(recipe));
    }

    [Fact]
    public void The_default_is_what_it_was()
    {
        var recipe = Recipe.Preset(Recipe.DefaultPreset);
        Assert.Equal((4, 4, 128, 256), (recipe.Model.LayerCount, recipe.Model.HeadCount, recipe.Model.Width, recipe.Model.ContextLength));
        var options = recipe.ToTrainingOptions();
        Assert.Equal((1300, 4, 80, 325, 325, 2), (options.Steps, options.BatchSize, options.WarmupSteps, options.EvaluateEvery, options.CheckpointEvery, options.KeepCheckpoints));
        Assert.Equal((6e-3, 2e-4 / 6e-3, 0.9, 0.99, 0.1, 1), (options.LearningRate, options.MinimumLearningRateFraction, options.Beta1, options.Beta2, options.WeightDecay, options.GradientClip));
        Assert.Equal((OptimizerKind.Muon, 1337ul, 20), (options.Optimizer, options.Seed, options.EvaluationBatches));
        Assert.Equal((4096, "bpe", Corpus.DotnetDocs, 0.1), (recipe.Tokenizer.VocabularySize, recipe.Tokenizer.Kind, recipe.Data.Source, recipe.Data.ValidationFraction));
    }

    [Fact]
    public void What_a_file_leaves_out_is_the_presets()
    {
        Assert.Equal(Recipe.Preset("nanogpt") with { Seed = 5 }, Load("{\"preset\": \"nanogpt\", \"seed\": 5}"));
        Assert.Equal(Recipe.Preset("lstm"), Load("{\"model\": {\"kind\": \"lstm\"}}"));
        Assert.Equal(Recipe.Preset("translate"), Load("{\"task\": \"translate\"}"));
        var small = Load("// a comment\n{\"data\": {\"source\": \"a.txt\"}, \"optimizer\": {\"steps\": 90,},}");
        Assert.Equal(("a.txt", 90, 4), (small.Data.Source, small.Optimizer.Steps, small.Model.LayerCount));
    }

    [Theory]
    [InlineData("{\"model\": {\"layerz\": 3}}", "unknown field model.layerz; model has kind, architecture, order, layerCount")]
    [InlineData("{\"steps\": 3}", "unknown field steps; a recipe has preset, task, seed, precision, threads, base, model")]
    [InlineData("{\"model\": {\"layerCount\": \"4\"}}", "model.layerCount is \"4\"; it must be a whole number from 1 to 10000")]
    [InlineData("{\"model\": {\"layerCount\": 4.5}}", "model.layerCount is 4.5; it must be a whole number from 1 to 10000")]
    [InlineData("{\"model\": {\"layerCount\": null}}", "model.layerCount is null; it must be a whole number")]
    [InlineData("{\"model\": 4}", "model must be an object with kind, architecture")]
    [InlineData("{\"optimizer\": {\"learningRate\": 20}}", "optimizer.learningRate is 20; it must be a number above 0 and at most 10")]
    [InlineData("{\"optimizer\": {\"learningRate\": 0}}", "optimizer.learningRate is 0; it must be a number above 0 and at most 10")]
    [InlineData("{\"optimizer\": {\"learningRate\": 1e999}}", "optimizer.learningRate is 1e999; it must be a number above 0 and at most 10")]
    [InlineData("{\"optimizer\": {\"steps\": 99999999999999999999999999999999999999999999999999}}", "optimizer.steps is 9999999999999999999999999999999999999999...; it must be")]
    [InlineData("{\"optimizer\": {\"schedule\": \"cosin\"}}", "optimizer.schedule is \"cosin\"; it must be one of cosine, wsd, constant, inverse-sqrt")]
    [InlineData("{\"optimizer\": {\"recompute\": 1}}", "optimizer.recompute is 1; it must be true or false")]
    [InlineData("{\"optimizer\": {\"steps\": [1]}}", "optimizer.steps is a list; it must be")]
    [InlineData("{\"seed\": -1}", "seed is -1; it must be a whole number from 0 to 18446744073709551615")]
    [InlineData("{\"data\": {\"source\": \"\"}}", "data.source is \"\"; it must be the path of a text file")]
    [InlineData("{\"data\": {\"source\": \"\\ud800\"}}", "data.source is \"\\ud800\"; it must be")]
    [InlineData("{\"precision\": \"fp16\"}", "precision is \"fp16\"; it must be one of fp32, bf16")]
    [InlineData("{\"preset\": \"defualt\"}", "preset is \"defualt\"; it must be one of default, nanogpt-cpu")]
    [InlineData("{\"seed\": 1, \"seed\": 2}", "seed stands there twice")]
    [InlineData("{\"model\": {\"width\": 64}, \"model\": {}}", "model stands there twice")]
    [InlineData("{\"model\": {\"width\": 64, \"width\": 64}}", "model.width stands there twice")]
    [InlineData("{\"model\": {\"width\": 130}}", "model.width must be a multiple of model.headCount, and 130 is none of 4; try model.width 132")]
    [InlineData("{\"model\": {\"kind\": \"lstm\", \"headCount\": 2}}", "model.headCount means nothing to model.kind lstm; leave it out")]
    [InlineData("{\"data\": {\"from\": \"en\"}}", "data.from means nothing to task language-model; leave it out")]
    [InlineData("{\"model\": {\"kind\": \"transformer\"}}", "task language-model takes model.kind gpt, bert, rnn, lstm, gru, ngram, not transformer")]
    [InlineData("{\"model\": {\"architecture\": \"gpt3\"}}", "model.architecture is \"gpt3\"; it must be one of gpt2, llama")]
    [InlineData("{\"task\": \"classify\"}", "base.model must name one")]
    [InlineData("{\"base\": {\"weightsHash\": \"aa\"}}", "base.model is missing")]
    [InlineData("{\"base\": {}}", "base.model is missing")]
    [InlineData("{\"task\": \"translate\", \"data\": {\"to\": \"de,,fr\"}}", "data.to is \"de,,fr\"; it must be languages, joined by commas")]
    [InlineData("{\"task\": \"translate\", \"data\": {\"to\": \"de,fr,de\"}}", "data.to names de twice")]
    [InlineData("{\"optimizer\": {\"steps\": 5}}", "optimizer.warmupSteps 80 is longer than optimizer.steps 5")]
    [InlineData("[1]", "a recipe is one JSON object")]
    [InlineData("", "not valid JSON")]
    [InlineData("{\"seed\": NaN}", "not valid JSON")]
    [InlineData("{\"a\": [[[[[[[[[[[[]]]]]]]]]]]]}", "not valid JSON")]
    public void What_makes_no_sense_names_file_and_field(string text, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Load(text)).Message;
        Assert.StartsWith($"{_folder["recipe.json"]}: {message}", error.Replace("task classify builds on a trained model; ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_deep_or_a_huge_file_is_refused()
    {
        Assert.Contains("not valid JSON", Assert.Throws<InvalidDataException>(() => Load(new string('[', 100_000))).Message, StringComparison.Ordinal);
        Assert.Contains("more than 1 MiB", Assert.Throws<InvalidDataException>(() => Load(new string(' ', 2_000_000))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("there is no recipe", Assert.Throws<FileNotFoundException>(() => Recipe.Load(_folder["none.json"])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_recipe_made_in_code_is_checked_the_same_way()
    {
        var recipe = Recipe.Preset(Recipe.DefaultPreset);
        var error = Assert.Throws<ArgumentException>(() => (recipe with { Optimizer = recipe.Optimizer with { LearningRate = double.NaN } }).Validate());
        Assert.StartsWith("optimizer.learningRate is \"NaN\"; it must be a number above 0 and at most 10", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => (recipe with { Task = "sing" }).Validate());
    }

    [Theory]
    [InlineData("model must be an object with kind,")]
    [InlineData("tokenizer must be an object with kind,")]
    [InlineData("data must be an object with source,")]
    [InlineData("optimizer must be an object with kind,")]
    [InlineData("evaluation must be an object with every,")]
    [InlineData("task is null; it must be one of")]
    [InlineData("base.model is null; it must be the path")]
    [InlineData("model.kind is null; it must be one of")]
    [InlineData("tokenizer.kind is null; it must be bpe,")]
    [InlineData("data.to is null; it must be languages")]
    [InlineData("optimizer.schedule is null; it must be one of")]
    public void What_code_sets_to_null_is_named(string message)
    {
        var recipe = Recipe.Preset(Recipe.DefaultPreset);
        recipe = message.Split(' ')[0] switch
        {
            "model" => recipe with { Model = null! },
            "tokenizer" => recipe with { Tokenizer = null! },
            "data" => recipe with { Data = null! },
            "optimizer" => recipe with { Optimizer = null! },
            "evaluation" => recipe with { Evaluation = null! },
            "task" => recipe with { Task = null! },
            "base.model" => recipe with { Base = new BaseRecipe { Model = null! } },
            "model.kind" => recipe with { Model = recipe.Model with { Kind = null! } },
            "tokenizer.kind" => recipe with { Tokenizer = recipe.Tokenizer with { Kind = null! } },
            "data.to" => recipe with { Data = recipe.Data with { To = null! } },
            _ => recipe with { Optimizer = recipe.Optimizer with { Schedule = null! } },
        };
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(recipe.Validate).Message, StringComparison.Ordinal);
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => TrainingRun.Start(
            recipe, _folder["run"], cancellationToken: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("now and then, there was a ")]
    [InlineData("{\"a word that is no field, and goes on\": 1, \"")]
    [InlineData("{\"model\": {\"")]
    public void A_text_in_the_place_of_a_recipe_is_not_quoted_at_length(string beginning)
    {
        var word = string.Concat(Enumerable.Repeat("word ", 2000));
        foreach (var text in new[] { beginning + word, $"{beginning}{word}\": 1}}}}", $"{{\"seed\": 1, \"{word}\": 1, \"{word}\": 2}}" })
        {
            var error = Assert.Throws<InvalidDataException>(() => Load(text)).Message;
            Assert.InRange(error.Length, 10, _folder.Path.Length + 350);
        }
    }

    [Theory]
    [InlineData("", 300, 1e-3, 30, 75)]
    [InlineData("\"headOnly\": true", 300, 1e-2, 30, 75)]
    [InlineData("\"steps\": 5", 5, 1e-3, 0, 2)]
    [InlineData("\"steps\": 4000, \"learningRate\": 0.02", 4000, 0.02, 100, 1000)]
    public void A_classifiers_recipe_begins_with_settings_that_teach_it(string optimizer, int steps, double rate, int warmup, int every)
    {
        var recipe = Load($"{{\"task\": \"classify\", \"base\": {{\"model\": \"a\"}}, \"optimizer\": {{{optimizer}}}}}");
        Assert.Equal(
            (steps, rate, rate / 10, warmup, 32, 0.01, every, every),
            (recipe.Optimizer.Steps, recipe.Optimizer.LearningRate, recipe.Optimizer.MinimumLearningRate, recipe.Optimizer.WarmupSteps,
                recipe.Optimizer.BatchSize, recipe.Optimizer.WeightDecay, recipe.Evaluation.Every, recipe.Evaluation.CheckpointEvery));
        Assert.Equal(recipe, Reread(recipe));
    }

    [Fact]
    public void All_languages_are_those_of_the_corpus_but_the_source()
    {
        var preset = Recipe.Preset("translate");
        var recipe = (preset with { Data = preset.Data with { From = "fr", To = DataRecipe.AllLanguages } }).Validate().Resolve();
        Assert.Equal(ParallelCorpus.Languages.Where(language => language != "fr"), recipe.Data.To.Split(','));
        Assert.Equal("de", preset.Resolve().Data.To);
    }

    [Fact]
    public void The_precision_is_the_machines_for_a_gpt_alone()
    {
        Assert.Equal("bf16", Recipe.Preset("default").Resolve(() => true).Precision);
        Assert.Equal("fp32", Recipe.Preset("default").Resolve(() => false).Precision);
        Assert.Equal("fp32", (Recipe.Preset("default") with { Precision = "fp32" }).Resolve(() => true).Precision);
        Assert.Equal("fp32", Recipe.Preset("bert").Resolve(() => true).Precision);
    }

    [Fact]
    public void The_model_has_the_recipes_shape()
    {
        using var gpt = (Gpt)Recipe.Preset("llama-tiny").CreateLanguageModel(new ByteTokenizer());
        Assert.Equal((4, 2, 128), (gpt.Config.HeadCount, gpt.Config.KeyValueHeadCount, gpt.Config.ContextLength));
        using var lstm = (Recurrent)Recipe.Preset("lstm").CreateLanguageModel(new ByteTokenizer());
        Assert.Equal((RecurrentCell(lstm), 256), ("Lstm", lstm.Config.Width));

        static string RecurrentCell(Recurrent model) => model.Config.Cell.ToString();
    }

    private Recipe Reread(Recipe recipe)
    {
        recipe.Save(_folder["saved.json"]);
        return Recipe.Load(_folder["saved.json"]);
    }

    private Recipe Load(string text)
    {
        File.WriteAllText(_folder["recipe.json"], text);
        return Recipe.Load(_folder["recipe.json"]);
    }
}

using Idiolect.Data;

namespace Idiolect.Recipes;

/// <summary>All fields of a recipe with what they may be: the one place that says so, for files and for recipes made in code.</summary>
internal static class RecipeFields
{
    private const int MostThreads = 1024; // as in a team

    /// <summary>In the order of the file.</summary>
    internal static IReadOnlyList<RecipeField> All { get; } =
    [
        new WordField("preset", [.. Recipe.PresetNames, Recipe.TuningPreset]) { MayBeNull = true },
        new WordField("task", [.. Recipe.Tasks, Recipe.ClassifyTask]),
        new SeedField("seed"),
        new WordField("precision", Recipe.Precisions) { MayBeNull = true },
        new WholeNumberField("threads", 1, MostThreads) { MayBeNull = true },
        new TextField("base.model", "the path of a run or a model folder"),
        new TextField("base.weightsHash", "the SHA-256 of its weights") { MayBeNull = true },
        new WordField("model.kind", [.. ModelRecipe.LanguageModels.Union(ModelRecipe.TranslationModels)]),
        new TextField("model.architecture", $"one of {string.Join(", ", ModelRecipe.Architectures)}"),
        new WholeNumberField("model.order", 1, 32),
        new WholeNumberField("model.layerCount", 1, 10_000),
        new WholeNumberField("model.headCount", 1),
        new WholeNumberField("model.keyValueHeadCount", 1) { MayBeNull = true },
        new WholeNumberField("model.width", 1, 1_000_000),
        new WholeNumberField("model.contextLength", 1),
        new NumberField("model.dropout", 0, 0.95),
        new TruthField("model.normFirst"),
        new NumberField("model.labelSmoothing", 0, 0.9),
        new TextField("tokenizer.kind", "bpe, char, byte or the path of a tokenizer.json"),
        new WholeNumberField("tokenizer.vocabularySize", 257, 1_000_000),
        new TextField("data.source", "the path of a text file, folder or glob, or dotnet-docs or dotnet-resources"),
        new TextsField("data.moreSources", "a list of paths of files, folders or globs of text") { MayBeNull = true },
        new TextField("data.validationSource", "the path of a file, folder or glob of text") { MayBeNull = true },
        new SeparatorField("data.separator") { MayBeNull = true },
        new WordField("data.encoding", CorpusOptions.Latin1) { MayBeNull = true },
        new TruthField("data.skipBad"),
        new TextField("data.textField", "the name of a field"),
        new TextField("data.labelField", "the name of a field"),
        new NumberField("data.validationFraction", 0.0001, 0.9),
        new TextField("data.from", "a language"),
        new TextField("data.to", "languages, joined by commas"),
        new WordField("data.split", DataRecipe.ByCluster, DataRecipe.ByAssembly),
        new WordField("optimizer.kind", OptimizerRecipe.Kinds),
        new WholeNumberField("optimizer.steps", 1),
        new WholeNumberField("optimizer.batchSize", 1),
        new WholeNumberField("optimizer.gradientAccumulation", 1),
        new NumberField("optimizer.learningRate", 0, 10) { AboveMinimum = true },
        new NumberField("optimizer.minimumLearningRate", 0, 10),
        new WholeNumberField("optimizer.warmupSteps", 0),
        new WordField("optimizer.schedule", OptimizerRecipe.Schedules),
        new NumberField("optimizer.weightDecay", 0),
        new NumberField("optimizer.beta1", 0, 0.999999),
        new NumberField("optimizer.beta2", 0, 0.999999),
        new NumberField("optimizer.l1", 0),
        new NumberField("optimizer.l2", 0),
        new NumberField("optimizer.gradientClip", 0),
        new TruthField("optimizer.recompute"),
        new TruthField("optimizer.headOnly"),
        new WholeNumberField("evaluation.every", 1),
        new WholeNumberField("evaluation.batches", 1),
        new WholeNumberField("evaluation.earlyStop", 1) { MayBeNull = true },
        new WholeNumberField("evaluation.checkpointEvery", 1),
        new WholeNumberField("evaluation.keepCheckpoints", 1),
        new TruthField("evaluation.baselines"),
    ];

    internal static IReadOnlyDictionary<string, RecipeField> ByPath { get; } = All.ToDictionary(field => field.Path);

    /// <summary>The sections, which are objects.</summary>
    internal static IReadOnlyList<string> Sections { get; } =
        [.. All.Select(field => field.Path.Split('.')).Where(path => path.Length > 1).Select(path => path[0]).Distinct()];

    /// <summary>The names that can stand in a section, or beside the sections where it is empty.</summary>
    internal static IEnumerable<string> NamesIn(string section) => section.Length > 0
        ? All.Where(field => field.Path.StartsWith(section + ".", StringComparison.Ordinal)).Select(field => field.Path[(section.Length + 1)..])
        : All.Where(field => !field.Path.Contains('.', StringComparison.Ordinal)).Select(field => field.Path).Concat(Sections);
}

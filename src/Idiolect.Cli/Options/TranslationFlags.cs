using System.CommandLine;

using Idiolect.Recipes;

namespace Idiolect.Cli.Options;

/// <summary>The task and the kind of model, and the flags of <c>train --task translate</c>.</summary>
internal sealed class TranslationFlags
{
    private readonly ChoiceOption task = new("--task", "What to learn  [language-model]", [.. Recipe.Tasks]);
    private readonly Option<string?> from = Flag.Text("--from", "Source language; in a .jsonl file, its field  [en]", "LANG");
    private readonly Option<string?> to = Flag.Text("--to", "Target language; of dotnet-resources or JSON Lines also several (de,fr), of dotnet-resources all  [de]", "LANG");
    private readonly ChoiceOption model = new(
        "--model",
        $"Kind of model: {string.Join(", ", ModelRecipe.LanguageModels)}  [gpt]; to translate {string.Join(", ", ModelRecipe.TranslationModels)}  [transformer]",
        [.. ModelRecipe.LanguageModels.Union(ModelRecipe.TranslationModels)], "NAME");
    private readonly ChoiceOption split = new("--split", "What is held out: clusters of like sentences, or whole assemblies  [cluster]", ["cluster", "assembly"]);
    private readonly ChoiceOption norm = new("--norm", "Normalise before each layer, or after it as in 2017  [pre]", ["pre", "post"]);
    private readonly NumberOption<double> labelSmoothing = Flag.Number("--label-smoothing", "Share of each target given to all tokens  [0.1]", 0, 0.9);

    internal IEnumerable<Option> All => [task, from, to, model, split, norm, labelSmoothing];

    /// <summary>The task and the kind of model, which the other helps are about.</summary>
    internal IEnumerable<Option> OfEveryModel => [task, model];

    /// <summary>Whether a kind of model is asked for, which a model that exists has already.</summary>
    internal Option Model => model;

    /// <summary>The preset that a task starts from.</summary>
    internal string DefaultPreset(ParseResult parsed)
        => parsed.GetValue(task) == Recipe.TranslateTask ? "translate"
        : parsed.GetValue(model) is { } kind && Recipe.PresetNames.Contains(kind) ? kind
        : Recipe.DefaultPreset;

    /// <exception cref="ArgumentException">A flag was given that the task does not have.</exception>
    internal Recipe Apply(Recipe recipe, ParseResult parsed)
    {
        recipe = recipe with
        {
            Task = parsed.GetValue(task) ?? recipe.Task,
            Model = recipe.Model with { Kind = parsed.GetValue(model) ?? recipe.Model.Kind },
        };
        var models = recipe.Translates ? ModelRecipe.TranslationModels : ModelRecipe.LanguageModels;
        if (parsed.GetValue(model) is { } kind && !models.Contains(kind))
        {
            throw new ArgumentException(recipe.Translates
                ? $"--task translate takes --model {string.Join(", ", models)}, not {kind}"
                : $"--model {kind} needs --task translate");
        }
        if (!recipe.Translates)
        {
            return All.FirstOrDefault(option => option != task && option != model && parsed.GetResult(option) is { Implicit: false }) is { } stray
                ? throw new ArgumentException($"{stray.Name} needs --task translate")
                : recipe;
        }
        return recipe with
        {
            Data = recipe.Data with
            {
                From = parsed.GetValue(from) ?? recipe.Data.From,
                To = parsed.GetValue(to) ?? recipe.Data.To,
                Split = parsed.GetValue(split) ?? recipe.Data.Split,
            },
            Model = recipe.Model with
            {
                NormFirst = parsed.GetValue(norm) is { } place ? place == "pre" : recipe.Model.NormFirst,
                LabelSmoothing = parsed.GetValue(labelSmoothing) ?? recipe.Model.LabelSmoothing,
            },
        };
    }
}

using System.CommandLine;

using Idiolect.Data;

namespace Idiolect.Cli.Options;

/// <summary>The task and the kind of model, and the flags of <c>train --task translate</c>.</summary>
internal sealed class TranslationFlags
{
    private readonly ChoiceOption task = new("--task", "What to learn  [language-model]", TrainingSetup.Tasks);
    private readonly Option<string?> from = Flag.Text("--from", "Source language; in a .jsonl file, its field  [en]", "LANG");
    private readonly Option<string?> to = Flag.Text("--to", "Target language; of dotnet-resources or JSON Lines also several (de,fr), of dotnet-resources all  [de]", "LANG");
    private readonly ChoiceOption model = new(
        "--model",
        $"Kind of model: {string.Join(", ", TrainingSetup.LanguageModels)}  [gpt]; to translate {string.Join(", ", TrainingSetup.TranslationModels)}  [transformer]",
        [.. TrainingSetup.LanguageModels.Union(TrainingSetup.TranslationModels)], "NAME");
    private readonly ChoiceOption split = new("--split", "What is held out: clusters of like sentences, or whole assemblies  [cluster]", ["cluster", "assembly"]);
    private readonly ChoiceOption norm = new("--norm", "Normalise before each layer, or after it as in 2017  [pre]", ["pre", "post"]);
    private readonly NumberOption<double> labelSmoothing = Flag.Number("--label-smoothing", "Share of each target given to all tokens  [0.1]", 0, 0.9);

    internal IEnumerable<Option> All => [task, from, to, model, split, norm, labelSmoothing];

    internal Option Norm => norm;

    /// <summary>Those of them that a decoder-only model has no use for.</summary>
    internal IEnumerable<Option> OfEncoderDecoders => [norm, labelSmoothing];

    /// <summary>The preset that a task starts from.</summary>
    internal string DefaultPreset(ParseResult parsed)
        => parsed.GetValue(task) == TrainingSetup.Translate ? Presets.Translate
        : parsed.GetValue(model) is { } kind && Presets.Names.Contains(kind) ? kind
        : Presets.Default;

    /// <exception cref="ArgumentException">A flag was given that the task does not have.</exception>
    internal TrainingSetup Apply(TrainingSetup setup, ParseResult parsed)
    {
        setup = setup with { Task = parsed.GetValue(task) ?? setup.Task, Model = parsed.GetValue(model) ?? setup.Model };
        var models = setup.Translates ? TrainingSetup.TranslationModels : TrainingSetup.LanguageModels;
        if (parsed.GetValue(model) is { } kind && !models.Contains(kind))
        {
            throw new ArgumentException(setup.Translates
                ? $"--task translate takes --model {string.Join(", ", models)}, not {kind}"
                : $"--model {kind} needs --task translate");
        }
        if (!setup.Translates)
        {
            return All.FirstOrDefault(option => option != task && option != model && parsed.GetResult(option) is { Implicit: false }) is { } stray
                ? throw new ArgumentException($"{stray.Name} needs --task translate")
                : setup;
        }
        var languages = parsed.GetValue(to) ?? setup.To;
        if (languages.Split(',').CountBy(language => language).FirstOrDefault(language => language.Value > 1).Key is { } twice)
        {
            throw new ArgumentException($"--to names {twice} twice");
        }
        setup = setup with
        {
            From = parsed.GetValue(from) ?? setup.From,
            Split = parsed.GetValue(split) ?? setup.Split,
            NormFirst = parsed.GetValue(norm) is { } place ? place == "pre" : setup.NormFirst,
            LabelSmoothing = parsed.GetValue(labelSmoothing) ?? setup.LabelSmoothing,
        };
        return setup with
        {
            To = languages == "all" ? string.Join(',', ParallelCorpus.Languages.Where(language => language != setup.From)) : languages,
            Architecture = setup.Model == TrainingSetup.Gpt ? "llama" : setup.Model,
        };
    }
}

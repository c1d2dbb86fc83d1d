using Idiolect.Data;

namespace Idiolect.Recipes;

public sealed partial record Recipe
{
    /// <summary>This recipe, when a run that has taken some steps can go on with it: its learning rates so far stay what they were.</summary>
    /// <param name="stepsTaken">The run's steps.</param>
    /// <exception cref="ArgumentException">It has too few steps.</exception>
    public Recipe ValidateSteps(long stepsTaken)
        => IsNGram ? this // it counts and takes none
        : Optimizer.Steps < stepsTaken ? throw new ArgumentException($"optimizer.steps {Optimizer.Steps} is below the {stepsTaken} steps that the run has taken; give at least as many, or leave it out")
        : Optimizer.Steps < Optimizer.WarmupSteps ? throw new ArgumentException($"optimizer.steps {Optimizer.Steps} ends within the run's warm-up of {Optimizer.WarmupSteps} steps, which cannot change any more; give at least as many, or leave it out")
        : this;

    /// <summary>Which values do not fit each other, and one that fits; null where all do.</summary>
    internal string? FindMisfit()
    {
        var kinds = Translates ? ModelRecipe.TranslationModels : Classifies ? ModelRecipe.LanguageModels.Except([ModelRecipe.NGram]) : ModelRecipe.LanguageModels;
        return !kinds.Contains(Model.Kind)
            ? $"task {Task} takes model.kind {string.Join(", ", kinds)}, not {Model.Kind}"
            : FindMisfitOfBase()
            ?? (Base is null && !IsRecurrent && !IsNGram ? FindMisfitOfHeads() : null)
            ?? FindMisfitOfOptimizer()
            ?? (Translates ? FindMisfitOfLanguages() : null)
            ?? FindMisfitOfData()
            ?? (Evaluation.Baselines && (Translates || Classifies || IsBert)
                ? "evaluation.baselines measures methods that predict the next byte, and this model does not; leave it out" : null);
    }

    private string? FindMisfitOfBase()
        => Classifies && Base is null ? "task classify builds on a trained model; base.model must name one"
        : Base is null && Model.Kind == ModelRecipe.Gpt && !ModelRecipe.Architectures.Contains(Model.Architecture)
            ? $"model.architecture is \"{Model.Architecture}\"; it must be one of {string.Join(", ", ModelRecipe.Architectures)}"
        : Base is not null && (Translates || IsNGram) ? $"base.model means nothing to {(Translates ? $"task {Task}" : $"model.kind {Model.Kind}")}; leave it out"
        : null;

    private string? FindMisfitOfLanguages()
    {
        var targets = Data.Targets;
        return targets.Any(string.IsNullOrWhiteSpace) ? $"data.to is \"{Data.To}\"; it must be languages, joined by commas"
            : targets.CountBy(language => language).FirstOrDefault(language => language.Value > 1).Key is { } twice ? $"data.to names {twice} twice"
            : null;
    }

    private string? FindMisfitOfData()
    {
        if (Translates || Classifies)
        {
            return Data.MoreSources is null ? null : $"task {Task} learns from one data.source; leave the others out";
        }
        try
        {
            var sources = Data.Sources;
            return sources.Count(source => source.Source == TextSource.StandardInput) > 1 ? "data.source - stands for standard input, which is read once; name it once" : null;
        }
        catch (ArgumentException exception)
        {
            return $"data.source: {exception.Message}";
        }
    }

    private string? FindMisfitOfOptimizer()
    {
        var o = Optimizer;
        return o.Kind == OptimizerRecipe.Muon && (o.L1 > 0 || o.L2 > 0)
            ? "optimizer.kind muon takes no optimizer.l1 or optimizer.l2; leave them out, or use optimizer.weightDecay"
            : o.MinimumLearningRate > o.LearningRate
            ? FormattableString.Invariant($"optimizer.minimumLearningRate {o.MinimumLearningRate} is above optimizer.learningRate {o.LearningRate}")
            : o.BatchSize * (Model.ContextLength + 1L) > Array.MaxLength
            ? $"optimizer.batchSize {o.BatchSize} of model.contextLength {Model.ContextLength} are more tokens than a step can have; choose less of either, or optimizer.gradientAccumulation"
            : o.WarmupSteps > o.Steps && !IsNGram
            ? $"optimizer.warmupSteps {o.WarmupSteps} is longer than optimizer.steps {o.Steps}"
            : null;
    }

    private string? FindMisfitOfHeads()
    {
        var (width, heads, keyValueHeads) = (Model.Width, Model.HeadCount, Model.KeyValueHeadCount ?? Model.HeadCount);
        if (Translates && Model.Kind is ModelRecipe.Lstm or ModelRecipe.LstmAttention)
        {
            return null; // no heads
        }
        if (width % heads != 0)
        {
            return $"model.width must be a multiple of model.headCount, and {width} is none of {heads}; try model.width {RoundUp(width, heads)}";
        }
        if (Model.Kind != ModelRecipe.Gpt)
        {
            return null; // the rest is about the shapes of a GPT
        }
        if (Model.Architecture == "llama" && width / heads % 2 != 0)
        {
            return $"model.width {width} with model.headCount {heads} gives heads of size {width / heads}, and rotary positions need an even one; "
                + $"try model.width {RoundUp(width, 2 * heads)}";
        }
        if (Model.Architecture == "gpt2" && keyValueHeads != heads)
        {
            return "model.keyValueHeadCount needs model.architecture llama: the gpt2 shape has as many as model.headCount";
        }
        return heads % keyValueHeads != 0
            ? $"model.headCount must be a multiple of model.keyValueHeadCount, and {heads} is none of {keyValueHeads}"
            : null;
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}

using System.CommandLine;

using Idiolect.Data;
using Idiolect.Recipes;

namespace Idiolect.Cli.Options;

/// <summary>The flags of <c>tune</c>, and the settings that follow from them.</summary>
internal sealed class TuningFlags
{
    private static readonly OptimizerRecipe Default = Recipe.Tuning.Optimizer;
    private static readonly OptimizerRecipe HeadOnly =
        (Recipe.Tuning with { Optimizer = Default with { HeadOnly = true } }).WithTuningSteps(Default.Steps).Optimizer;

    private readonly ChoiceOption task = new("--task", "What to learn  [classify]", [Recipe.ClassifyTask]);
    private readonly Option<string?> data = Flag.Data("JSON Lines file of texts with labels; dotnet-docs: which namespace?  [dotnet-docs]", "FILE|dotnet-docs");
    private readonly Option<string?> textField = Flag.Text("--text-field", "Field that holds the text  [text]", "NAME");
    private readonly Option<string?> labelField = Flag.Text("--label-field", "Field that holds the label  [label]", "NAME");
    private readonly NumberOption<double> validation = Flag.Number("--val-fraction", "Share of each label's texts held out  [0.1]", 0.0001, 0.9);
    private readonly Option<bool> freeze = new("--freeze") { Description = "Leave the trained model as it is and teach the head alone" };
    private readonly NumberOption<int> steps = Flag.Count("--steps", $"Steps to train  [{Default.Steps}]");
    private readonly NumberOption<double> epochs = Flag.Number("--epochs", "Passes over the texts, instead of --steps", 0.001, 10_000);
    private readonly NumberOption<double> learningRate = Flag.Number("--lr", $"Highest learning rate  [{Default.LearningRate}; {HeadOnly.LearningRate} with --freeze]", 0, 10);
    private readonly NumberOption<int> batch = Flag.Count("--batch", $"Texts a step  [{Default.BatchSize}]");
    private readonly NumberOption<double> weightDecay = Flag.Number("--weight-decay", "Decoupled weight decay of the matrices  [0.01]");
    private readonly NumberOption<int> evaluateEvery = Flag.Count("--eval-every", "Steps between evaluations  [a quarter of them]");
    private readonly NumberOption<int> earlyStop = Flag.Count("--early-stop", "End after N evaluations without a better one");
    private readonly NumberOption<ulong> seed = Flag.Seed();
    private readonly NumberOption<int> threads = Flag.Threads();

    internal IEnumerable<Option> All =>
        [task, data, textField, labelField, validation, freeze, steps, epochs, learningRate, batch, weightDecay, evaluateEvery, earlyStop, seed, threads];

    /// <summary>The settings that say which texts to read, and the model to begin with.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model's folder.</param>
    /// <exception cref="ArgumentException">A field was named of data that have none, or the model cannot be built on.</exception>
    internal Recipe ResolveData(ParseResult parsed, string model)
    {
        var source = parsed.GetValue(data) ?? Corpus.DotnetDocs;
        if (source == Corpus.DotnetDocs)
        {
            Flag.RejectMeaningless(parsed, source, [textField, labelField]);
        }
        if (parsed.GetValue(steps) is not null && parsed.GetValue(epochs) is not null)
        {
            throw new ArgumentException("--steps and --epochs both say how long to train; leave one out");
        }
        var recipe = Recipe.Tuning;
        return (recipe with
        {
            Data = recipe.Data with
            {
                Source = source,
                TextField = parsed.GetValue(textField) ?? recipe.Data.TextField,
                LabelField = parsed.GetValue(labelField) ?? recipe.Data.LabelField,
                ValidationFraction = parsed.GetValue(validation) ?? recipe.Data.ValidationFraction,
            },
            Optimizer = recipe.Optimizer with { HeadOnly = parsed.GetValue(freeze) },
            Seed = parsed.GetValue(seed) ?? recipe.Seed,
            Threads = parsed.GetValue(threads),
        }).WithBase(model);
    }

    /// <summary>All settings, once the texts are read.</summary>
    internal Recipe Resolve(Recipe recipe, ParseResult parsed, int texts)
    {
        var batchSize = parsed.GetValue(batch) ?? recipe.Optimizer.BatchSize;
        var count = parsed.GetValue(steps)
            ?? (parsed.GetValue(epochs) is { } passes ? (int)Math.Min(int.MaxValue, Math.Max(1, Math.Ceiling(passes * texts / batchSize))) : recipe.Optimizer.Steps);
        recipe = recipe.WithTuningSteps(count, parsed.GetValue(learningRate));
        var every = parsed.GetValue(evaluateEvery) ?? recipe.Evaluation.Every;
        return FieldFlags.Named((recipe with
        {
            Optimizer = recipe.Optimizer with
            {
                BatchSize = batchSize,
                WeightDecay = parsed.GetValue(weightDecay) ?? recipe.Optimizer.WeightDecay,
            },
            Evaluation = recipe.Evaluation with { Every = every, CheckpointEvery = every, EarlyStop = parsed.GetValue(earlyStop) },
        }).Validate);
    }

    /// <summary>The settings of a run that goes on: those of its first part, of which only what does not change the mathematics so far may be set anew.</summary>
    /// <exception cref="ArgumentException">A flag was given that a run cannot change, or too few steps.</exception>
    internal Recipe ResolveResumed(Recipe earlier, long stepsTaken, ParseResult parsed)
    {
        Option[] changeable = [data, steps, learningRate, evaluateEvery, earlyStop, threads];
        if (All.Except(changeable).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } wrong)
        {
            throw new ArgumentException($"{wrong.Name} cannot change in a run that goes on; leave it out, or start a new run without --resume");
        }
        var rate = parsed.GetValue(learningRate) ?? earlier.Optimizer.LearningRate;
        var recipe = earlier with
        {
            Data = earlier.Data with { Source = parsed.GetValue(data) ?? earlier.Data.Source },
            Optimizer = earlier.Optimizer with
            {
                Steps = parsed.GetValue(steps) ?? earlier.Optimizer.Steps,
                LearningRate = rate,
                MinimumLearningRate = parsed.GetValue(learningRate) is null ? earlier.Optimizer.MinimumLearningRate : rate / 10,
            },
            Evaluation = earlier.Evaluation with
            {
                Every = parsed.GetValue(evaluateEvery) ?? earlier.Evaluation.Every,
                CheckpointEvery = parsed.GetValue(evaluateEvery) ?? earlier.Evaluation.CheckpointEvery,
                EarlyStop = parsed.GetValue(earlyStop) ?? earlier.Evaluation.EarlyStop,
            },
            Threads = parsed.GetValue(threads) ?? earlier.Threads,
        };
        return FieldFlags.Named(() => recipe.ValidateSteps(stepsTaken));
    }

    /// <summary>Whether a run goes on with other data, or with the same ones that lie elsewhere now.</summary>
    internal bool NamesData(ParseResult parsed) => parsed.GetValue(data) is not null;
}

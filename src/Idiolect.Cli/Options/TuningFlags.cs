using System.CommandLine;

using Idiolect.Data;
using Idiolect.Models;

namespace Idiolect.Cli.Options;

/// <summary>The flags of <c>tune</c>, and the settings that follow from them.</summary>
internal sealed class TuningFlags
{
    // Plausible, not tuned. A head alone is a convex problem and takes larger steps.
    private const double LearningRate = 1e-3;
    private const double HeadLearningRate = 1e-2;
    private const int DefaultSteps = 300;

    private readonly ChoiceOption task = new("--task", "What to learn  [classify]", [TrainingSetup.Classify]);
    private readonly Option<string?> data = Flag.Data("JSON Lines file of texts with labels; dotnet-docs: which namespace?  [dotnet-docs]", "FILE|dotnet-docs");
    private readonly Option<string?> textField = Flag.Text("--text-field", "Field that holds the text  [text]", "NAME");
    private readonly Option<string?> labelField = Flag.Text("--label-field", "Field that holds the label  [label]", "NAME");
    private readonly NumberOption<double> validation = Flag.Number("--val-fraction", "Share of each label's texts held out  [0.1]", 0.0001, 0.9);
    private readonly Option<bool> freeze = new("--freeze") { Description = "Leave the trained model as it is and teach the head alone" };
    private readonly NumberOption<int> steps = Flag.Count("--steps", $"Steps to train  [{DefaultSteps}]");
    private readonly NumberOption<double> epochs = Flag.Number("--epochs", "Passes over the texts, instead of --steps", 0.001, 10_000);
    private readonly NumberOption<double> learningRate = Flag.Number("--lr", $"Highest learning rate  [{LearningRate}; {HeadLearningRate} with --freeze]", 0, 10);
    private readonly NumberOption<int> batch = Flag.Count("--batch", "Texts a step  [32]");
    private readonly NumberOption<double> weightDecay = Flag.Number("--weight-decay", "Decoupled weight decay of the matrices  [0.01]");
    private readonly NumberOption<int> evaluateEvery = Flag.Count("--eval-every", "Steps between evaluations  [a quarter of them]");
    private readonly NumberOption<int> earlyStop = Flag.Count("--early-stop", "End after N evaluations without a better one");
    private readonly NumberOption<ulong> seed = Flag.Seed();
    private readonly NumberOption<int> threads = Flag.Threads();

    internal IEnumerable<Option> All =>
        [task, data, textField, labelField, validation, freeze, steps, epochs, learningRate, batch, weightDecay, evaluateEvery, earlyStop, seed, threads];

    /// <summary>The settings that say which texts to read.</summary>
    /// <exception cref="ArgumentException">A field was named of data that have none.</exception>
    internal TrainingSetup ResolveData(ParseResult parsed)
    {
        var source = parsed.GetValue(data) ?? Corpus.DotnetDocs;
        if (source == Corpus.DotnetDocs)
        {
            Flag.RejectMeaningless(parsed, source, [textField, labelField]);
        }
        return Texts(parsed, source);
    }

    private TrainingSetup Texts(ParseResult parsed, string source) => new()
    {
        Preset = "tune",
        Task = TrainingSetup.Classify,
        Data = source,
        Field = parsed.GetValue(textField) ?? "text",
        LabelField = parsed.GetValue(labelField) ?? "label",
        ValidationFraction = parsed.GetValue(validation) ?? 0.1,
        Freeze = parsed.GetValue(freeze),
        LayerCount = 1,
        Width = 1,
        ContextLength = 1,
        BatchSize = 1,
        Steps = 1,
        LearningRate = 1,
        MinimumLearningRate = 0,
        Seed = parsed.GetValue(seed) ?? 1337,
        Threads = parsed.GetValue(threads),
    };

    /// <summary>All settings, once the texts are read and the model is known.</summary>
    /// <exception cref="ArgumentException">The values do not fit each other.</exception>
    internal TrainingSetup Resolve(TrainingSetup setup, ParseResult parsed, IModelConfig config, int texts)
    {
        if (parsed.GetValue(steps) is not null && parsed.GetValue(epochs) is not null)
        {
            throw new ArgumentException("--steps and --epochs both say how long to train; leave one out");
        }
        var batchSize = parsed.GetValue(batch) ?? 32;
        var count = parsed.GetValue(steps)
            ?? (parsed.GetValue(epochs) is { } passes ? (int)Math.Min(int.MaxValue, Math.Max(1, Math.Ceiling(passes * texts / batchSize))) : DefaultSteps);
        var every = parsed.GetValue(evaluateEvery) ?? Math.Max(1, (count + 3) / 4);
        var rate = parsed.GetValue(learningRate) ?? (setup.Freeze ? HeadLearningRate : LearningRate);
        return Shaped(setup, config) with
        {
            BatchSize = batchSize,
            Steps = count,
            LearningRate = rate,
            MinimumLearningRate = rate / 10,
            WarmupSteps = Math.Min(count / 10, 100),
            WeightDecay = parsed.GetValue(weightDecay) ?? 0.01,
            EvaluateEvery = every,
            CheckpointEvery = every,
            EarlyStop = parsed.GetValue(earlyStop),
        };
    }

    /// <summary>The settings of a run that goes on: those of its first part, of which only what does not change the mathematics so far may be set anew.</summary>
    /// <exception cref="ArgumentException">A flag was given that a run cannot change, or too few steps.</exception>
    internal TrainingSetup ResolveResumed(TrainingSetup earlier, long stepsTaken, ParseResult parsed)
    {
        Option[] changeable = [data, steps, evaluateEvery, earlyStop, threads];
        if (All.Except(changeable).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } wrong)
        {
            throw new ArgumentException($"{wrong.Name} cannot change in a run that goes on; leave it out, or start a new run without --resume");
        }
        return (earlier with
        {
            Data = parsed.GetValue(data) ?? earlier.Data,
            Steps = parsed.GetValue(steps) ?? earlier.Steps,
            EvaluateEvery = parsed.GetValue(evaluateEvery) ?? earlier.EvaluateEvery,
            CheckpointEvery = parsed.GetValue(evaluateEvery) ?? earlier.CheckpointEvery,
            EarlyStop = parsed.GetValue(earlyStop) ?? earlier.EarlyStop,
            Threads = parsed.GetValue(threads) ?? earlier.Threads,
        }).ValidateSteps(stepsTaken);
    }

    private static TrainingSetup Shaped(TrainingSetup setup, IModelConfig config) => config switch
    {
        BertConfig c => setup with { Model = TrainingSetup.Bert, LayerCount = c.LayerCount, HeadCount = c.HeadCount, KeyValueHeadCount = c.HeadCount, Width = c.Width, ContextLength = c.ContextLength },
        RecurrentConfig c => setup with { Model = RecurrentFolder.ModelType(c.Cell), LayerCount = c.LayerCount, Width = c.Width, ContextLength = c.ContextLength },
        GptConfig c => setup with
        {
            Model = TrainingSetup.Gpt, Architecture = GptFolder.ModelType(c), LayerCount = c.LayerCount, HeadCount = c.HeadCount,
            KeyValueHeadCount = c.KeyValueHeadCount, Width = c.Width, ContextLength = c.ContextLength,
        },
        _ => throw new ArgumentException("an n-gram model counts, and has no states to build on: tune a network"),
    };
}

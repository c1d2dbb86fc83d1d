using System.CommandLine;

using Idiolect.Cli.Runs;
using Idiolect.Data;
using Idiolect.Recipes;

namespace Idiolect.Cli.Options;

/// <summary>The flags of <c>train</c>. Each is optional; what is not given comes from the preset or from the depth.</summary>
/// <param name="prefersBf16">Whether a GPT is trained in bf16 unless told otherwise: where that is faster, it ends no worse (docs/numbers.md).</param>
internal sealed class TrainingFlags(Func<bool> prefersBf16)
{
    private const int TinyShakespeareCharacters = 65;

    private readonly ChoiceOption preset = new(
        "--preset", $"Settings to start from: {string.Join(", ", Recipe.PresetNames)}", [.. Recipe.PresetNames], "NAME");
    private readonly NumberOption<int> depth = new(
        "--depth", "The one dial: N layers (of an lstm, gru or rnn 2 at most), and the width, heads, learning rate and steps that suit them", 1, 64);

    private readonly Option<string?> baseModel = Flag.Text(
        "--base", "Go on pre-training a model on other text, with its tokenizer: a run, or a Hugging Face folder", "MODEL");

    private readonly TranslationFlags translation = new();

    private readonly Option<string[]> data = Flag.Sources(
        "Text: a file, folder or glob, or - for standard input; may be given several times, :WEIGHT behind a path says how often its documents are read; dotnet-docs is your SDK's documentation");
    private readonly Option<string?> separator = Flag.Text(
        "--separator", "What stands between the documents of a text file, as <|endoftext|> or \\n---\\n; or blank-lines  [each file is one document]", "TEXT");
    private readonly ChoiceOption encoding = new("--encoding", "Read bytes as these characters  [UTF-8, or what a byte order mark says]", [CorpusOptions.Latin1]);
    private readonly Option<bool> skipBad = new("--skip-bad") { Description = "Pass over files that cannot be read, and say which" };
    private readonly Option<string?> validationData = Flag.Text("--val-data", "Text to validate on, instead of a share of --data", "PATH");
    private readonly Option<string?> textField = Flag.Field();
    private readonly NumberOption<double> validation = Flag.Number("--val-fraction", "Share of the documents held out", 0.0001, 0.5);
    private readonly Option<string?> tokenizer = Flag.Text("--tokenizer", "How text becomes tokens; FILE is a tokenizer.json", "bpe|char|byte|FILE");
    private readonly NumberOption<int> vocabulary = new("--vocab", "Size of the vocabulary of a new bpe tokenizer", 257, 1_000_000);

    private readonly NumberOption<int> order = new("--order", "Tokens in the longest n-gram of an ngram", 1, 32);
    private readonly ChoiceOption architecture = new("--architecture", "Shape of a gpt", [.. ModelRecipe.Architectures]);
    private readonly NumberOption<int> layers = new("--layers", "Layers", 1, 10_000);
    private readonly NumberOption<int> heads = Flag.Count("--heads", "Attention heads; divides --width");
    private readonly NumberOption<int> keyValueHeads = Flag.Count("--kv-heads", "Key and value heads, shared by groups of heads  [--heads]");
    private readonly NumberOption<int> width = new("--width", "Size of the embedding", 1, 1_000_000);
    private readonly NumberOption<int> context = Flag.Count("--context", "Tokens that the model sees at once");
    private readonly NumberOption<double> dropout = Flag.Number("--dropout", "Share of activations dropped in training", 0, 0.95);

    private readonly NumberOption<int> batch = Flag.Count("--batch", "Sequences a step; tokens with --task translate");
    private readonly NumberOption<int> accumulation = Flag.Count("--grad-accumulation", "Batches whose gradients are summed for one step");
    private readonly NumberOption<int> steps = Flag.Count("--steps", "Steps to train");
    private readonly NumberOption<double> learningRate = Flag.Number("--lr", "Highest learning rate", 0, 10);
    private readonly NumberOption<double> minimumLearningRate = Flag.Number("--min-lr", "Learning rate at the end", 0, 10);
    private readonly NumberOption<int> warmup = Flag.Count("--warmup", "Steps in which the learning rate rises", 0);
    private readonly ChoiceOption schedule = new(
        "--schedule", "Learning rate after the warm-up: down a cosine, flat and then straight down (wsd), flat, or the paper of 2017's", [.. OptimizerRecipe.Schedules]);
    private readonly NumberOption<double> weightDecay = Flag.Number("--weight-decay", "Decoupled weight decay of the matrices");
    private readonly NumberOption<double> beta2 = Flag.Number("--beta2", "AdamW's decay of the squared gradients", 0, 0.999999);
    private readonly NumberOption<double> l1 = Flag.Number("--l1", "L1 penalty on the weights");
    private readonly NumberOption<double> l2 = Flag.Number("--l2", "L2 penalty on the weights, inside the gradient");
    private readonly NumberOption<double> clip = Flag.Number("--grad-clip", "Longest gradient; 0 clips nothing");

    private readonly ChoiceOption optimizer = new(
        "--optimizer", "AdamW, or Muon for hidden matrices beside AdamW for the rest, at the same --lr", [.. OptimizerRecipe.Kinds]);
    private readonly Option<bool> recompute = new("--recompute")
    {
        Description = "Compute each block again in the backward pass instead of keeping its inside: less memory, more time, the same result",
    };

    private readonly ChoiceOption precision = new(
        "--precision", "Rounding of what matrix products multiply (bf16: to 16 bits, as bench machine says); weights and sums stay fp32  [train: bf16 for a gpt where bench machine names it; else fp32]", [.. Recipe.Precisions]);

    private readonly NumberOption<int> evaluateEvery = Flag.Count("--eval-every", "Steps between evaluations");
    private readonly NumberOption<int> evaluationBatches = Flag.Count("--eval-batches", "Batches an evaluation");
    private readonly NumberOption<int> earlyStop = Flag.Count("--early-stop", "End after N evaluations without a better one");
    private readonly NumberOption<int> checkpointEvery = Flag.Count("--checkpoint-every", "Steps between checkpoints  [--eval-every]");
    private readonly NumberOption<int> keep = Flag.Count("--keep", "Checkpoints kept beside the best one");

    private readonly NumberOption<ulong> seed = Flag.Seed();
    private readonly NumberOption<int> threads = Flag.Threads();

    /// <summary>All of them, under the headings of <c>--help</c>.</summary>
    internal IReadOnlyList<(string Heading, IReadOnlyList<Option> Flags)> Groups =>
    [
        ("Start", [preset, depth, baseModel]),
        ("Data", [data, textField, separator, encoding, skipBad, validation, validationData, tokenizer, vocabulary]),
        ("Model", [.. translation.OfEveryModel, architecture, layers, heads, keyValueHeads, width, context, dropout, order]),
        ("Optimisation",
            [batch, accumulation, steps, learningRate, minimumLearningRate, warmup, schedule, weightDecay, beta2, l1, l2, clip, optimizer, precision, recompute]),
        ("Run", [evaluateEvery, evaluationBatches, earlyStop, checkpointEvery, keep, seed, threads]),
        ("Translation", [.. translation.All.Except(translation.OfEveryModel)]),
    ];

    /// <summary>All of them.</summary>
    internal IEnumerable<Option> All => Groups.SelectMany(group => group.Flags);

    /// <summary>Those of them that change the work of a step or how fast it is done.</summary>
    internal IEnumerable<Option> OfAStep =>
    [
        preset, depth, vocabulary, architecture, layers, heads, keyValueHeads, width, context, dropout, batch, optimizer, precision,
        recompute, seed, threads,
    ];

    /// <summary>Preset or recipe, then depth, then the single flags: the later wins.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="file">A recipe to start from instead of a preset; null for none.</param>
    /// <exception cref="ArgumentException">The values do not fit each other.</exception>
    internal Recipe Resolve(ParseResult parsed, string? file = null)
    {
        var recipe = ResolveSizes(parsed, Start(parsed, file), file);
        if (recipe.Data.MoreSources is null)
        {
            Flag.RejectField(parsed, textField, WeightedSource.Parse(recipe.Data.Source).Source);
        }
        return recipe;
    }

    private Recipe ResolveSizes(ParseResult parsed, Recipe start, string? file = null)
    {
        RejectOtherKind(start, translation.Apply(start, parsed), file ?? $"--preset {start.PresetName}");
        RejectMeaningless(ApplyFlags(start, parsed), parsed);
        // The depth's number of steps depends on the tokens a step, so these come first.
        var recipe = parsed.GetValue(depth) is { } dial ? ApplyFlags(start, parsed).WithDepth(dial) : start;
        recipe = ApplyFlags(recipe, parsed);
        if (recipe.Base is { } trained && recipe.Model.ContextLength > ContextOf(trained))
        {
            throw new ArgumentException($"--context {recipe.Model.ContextLength} is longer than the {ContextOf(trained)} tokens that the model of --base sees");
        }
        return FieldFlags.Named(recipe.Resolve(prefersBf16).Validate);
    }

    /// <summary>What the flags change.</summary>
    private Recipe Start(ParseResult parsed, string? file)
    {
        if (file is not null && parsed.GetValue(preset) is not null)
        {
            throw new ArgumentException("RECIPE and --preset both say which settings to start from; leave one out");
        }
        var trained = parsed.GetValue(baseModel) is { } named ? ModelLocation.Require(new NamedRuns(RunFolders.DefaultRoot).Find(named)) : null;
        if (trained is not null)
        {
            if (translation.DefaultPreset(parsed) == "translate")
            {
                throw new ArgumentException("--base means nothing to --task translate; leave it out");
            }
            Flag.RejectMeaningless(
                parsed, "--base, whose model has its own shape and tokenizer",
                [translation.Model, depth, architecture, order, layers, heads, keyValueHeads, width, dropout, tokenizer, vocabulary]);
        }
        var start = file is not null ? Recipe.Load(file)
            : Recipe.Preset(parsed.GetValue(preset) ?? (trained is null ? translation.DefaultPreset(parsed) : PresetOf(trained)));
        if (trained is null)
        {
            // The context of a file that says nothing of it is its preset's, which may be longer than the model's.
            return start.Base is { } own ? start with { Model = start.WithBase(own.Model).Model } : start;
        }
        RejectOtherModel(start, start.WithBase(trained), file);
        return start.WithBase(trained);
    }

    /// <summary>A preset's settings suit its own kind of model; a file that says nothing of it has the default one's.</summary>
    /// <exception cref="ArgumentException">The trained model is of another kind.</exception>
    private static void RejectOtherModel(Recipe start, Recipe based, string? file)
    {
        var differs = start.Model.Kind != based.Model.Kind && (file is null || (start.Model.Kind != ModelRecipe.Gpt && start.Base is null));
        if (start.Translates || start.IsNGram || differs)
        {
            throw new ArgumentException($"{file ?? $"--preset {start.PresetName}"} has no settings for the {based.Model.Kind} of --base; leave one of them out");
        }
    }

    private static string PresetOf(string trained)
        => Recipe.Preset(Recipe.DefaultPreset).WithBase(trained).Model.Kind is var kind && Recipe.PresetNames.Contains(kind) ? kind : Recipe.DefaultPreset;

    private static int ContextOf(BaseRecipe trained)
        => new Recipe { Model = new ModelRecipe { ContextLength = int.MaxValue } }.WithBase(trained.Model).Model.ContextLength;

    /// <summary>
    /// The settings of a step that is timed on random tokens: one batch, and no dropout unless it is asked for. The characters of a
    /// preset for tinyshakespeare are as many as that text has.
    /// </summary>
    /// <exception cref="ArgumentException">The values do not fit each other.</exception>
    internal Recipe ResolveStep(ParseResult parsed)
    {
        var start = Start(parsed, file: null);
        var characters = start.Tokenizer.Kind == TokenizerRecipe.Characters;
        var recipe = ResolveSizes(parsed, start with { Tokenizer = start.Tokenizer with { Kind = TokenizerRecipe.Bpe } }); // random tokens of any number
        if (!recipe.IsGpt)
        {
            throw new ArgumentException($"bench train measures GPTs, and --preset {recipe.PresetName} is none");
        }
        return recipe with
        {
            Optimizer = recipe.Optimizer with { GradientAccumulation = 1 },
            Model = recipe.Model with { Dropout = parsed.GetValue(dropout) ?? 0 },
            Tokenizer = recipe.Tokenizer with
            {
                VocabularySize = parsed.GetValue(vocabulary)
                    ?? (characters ? TinyShakespeareCharacters : recipe.Tokenizer.VocabularySize),
            },
        };
    }

    /// <summary>
    /// The settings of a run that goes on: those of its first part, of which the model, its tokenizer and its seed stay. Other learning rates,
    /// steps and data are told of, since the weights will not be those of the first run then.
    /// </summary>
    /// <exception cref="ArgumentException">A flag was given that a run cannot change, or too few steps.</exception>
    internal Recipe ResolveResumed(Recipe earlier, long stepsTaken, ParseResult parsed)
    {
        Option[] changeable =
            [data, steps, learningRate, minimumLearningRate, evaluateEvery, evaluationBatches, earlyStop, checkpointEvery, keep, recompute, threads];
        foreach (var option in All.Except(changeable))
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new ArgumentException($"{option.Name} cannot change in a run that goes on; leave it out, or start a new run without --resume");
            }
        }
        var recipe = ApplyFlags(earlier, parsed);
        RejectMeaningless(recipe, parsed);
        recipe = recipe with { Optimizer = recipe.Optimizer with { WarmupSteps = earlier.Optimizer.WarmupSteps } };
        return FieldFlags.Named(() => recipe.ValidateSteps(stepsTaken).Validate());
    }

    /// <summary>Whether a run goes on with other data, or with the same ones that lie elsewhere now.</summary>
    internal bool NamesData(ParseResult parsed) => parsed.GetValue(data) is { Length: > 0 };

    /// <summary>A preset's sizes suit its task, and counting has none that suit a network.</summary>
    /// <exception cref="ArgumentException">The preset is of another kind than the task or the model.</exception>
    private static void RejectOtherKind(Recipe start, Recipe recipe, string source)
    {
        if (start.Translates != recipe.Translates)
        {
            throw new ArgumentException($"{source} has no settings for --task {recipe.Task}; leave one of them out");
        }
        if (start.IsNGram && !recipe.IsNGram)
        {
            throw new ArgumentException($"{source} has no settings for --model {recipe.Model.Kind}; leave one of them out");
        }
    }

    /// <exception cref="ArgumentException">A flag was given that the settings have no use for.</exception>
    private void RejectMeaningless(Recipe recipe, ParseResult parsed)
    {
        foreach (var (setting, fields) in recipe.FindFieldsWithoutUse())
        {
            Flag.RejectMeaningless(parsed, FieldFlags.InFlags(setting), All.IntersectBy(fields.Select(FieldFlags.Of), flag => flag.Name));
        }
        if (recipe.IsNGram)
        {
            Flag.RejectMeaningless(parsed, "--model ngram", [depth]);
        }
        if (recipe.Optimizer.Schedule is "constant" or "inverse-sqrt")
        {
            Flag.RejectMeaningless(parsed, $"--schedule {recipe.Optimizer.Schedule}", [minimumLearningRate]);
        }
    }

    private Recipe ApplyFlags(Recipe recipe, ParseResult parsed)
    {
        recipe = translation.Apply(recipe, parsed);
        return recipe with
        {
            Seed = parsed.GetValue(seed) ?? recipe.Seed,
            Precision = parsed.GetValue(precision) ?? recipe.Precision,
            Threads = parsed.GetValue(threads) ?? recipe.Threads,
            Data = ApplyData(recipe.Data, parsed),
            Tokenizer = new TokenizerRecipe
            {
                Kind = parsed.GetValue(tokenizer) ?? recipe.Tokenizer.Kind,
                VocabularySize = parsed.GetValue(vocabulary) ?? recipe.Tokenizer.VocabularySize,
            },
            Model = ApplyShape(recipe.Model, parsed),
            Optimizer = ApplyOptimizer(recipe.Optimizer, parsed),
            Evaluation = recipe.Evaluation with
            {
                Every = parsed.GetValue(evaluateEvery) ?? recipe.Evaluation.Every,
                Batches = parsed.GetValue(evaluationBatches) ?? recipe.Evaluation.Batches,
                EarlyStop = parsed.GetValue(earlyStop) ?? recipe.Evaluation.EarlyStop,
                CheckpointEvery = parsed.GetValue(checkpointEvery) ?? parsed.GetValue(evaluateEvery) ?? recipe.Evaluation.CheckpointEvery,
                KeepCheckpoints = parsed.GetValue(keep) ?? recipe.Evaluation.KeepCheckpoints,
            },
        };
    }

    private DataRecipe ApplyData(DataRecipe start, ParseResult parsed)
    {
        var sources = parsed.GetValue(data) ?? [];
        return start with
        {
            Source = sources is [var first, ..] ? first : start.Source,
            MoreSources = sources is [_, .. { Length: > 0 } more] ? more : sources.Length > 0 ? null : start.MoreSources,
            TextField = parsed.GetValue(textField) ?? start.TextField,
            Separator = parsed.GetValue(separator) is { } text ? Unescape(text) : start.Separator,
            Encoding = parsed.GetValue(encoding) ?? start.Encoding,
            SkipBad = parsed.GetValue(skipBad) || start.SkipBad,
            ValidationFraction = parsed.GetValue(validation) ?? start.ValidationFraction,
            ValidationSource = parsed.GetValue(validationData) ?? (parsed.GetValue(validation) is null ? start.ValidationSource : null),
        };
    }

    /// <summary>A shell gives a line break as it is or as two characters.</summary>
    internal static string Unescape(string text)
        => text.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal);

    private ModelRecipe ApplyShape(ModelRecipe model, ParseResult parsed) => model with
    {
        Order = parsed.GetValue(order) ?? model.Order,
        Architecture = parsed.GetValue(architecture) ?? model.Architecture,
        LayerCount = parsed.GetValue(layers) ?? model.LayerCount,
        HeadCount = parsed.GetValue(heads) ?? model.HeadCount,
        // The preset's key and value heads belong to the preset's heads and architecture.
        KeyValueHeadCount = parsed.GetValue(keyValueHeads)
            ?? (parsed.GetValue(heads) is not null || parsed.GetValue(architecture) == "gpt2" ? null : model.KeyValueHeadCount),
        Width = parsed.GetValue(width) ?? model.Width,
        ContextLength = parsed.GetValue(context) ?? model.ContextLength,
        Dropout = parsed.GetValue(dropout) ?? model.Dropout,
    };

    private OptimizerRecipe ApplyOptimizer(OptimizerRecipe start, ParseResult parsed) => start with
    {
        BatchSize = parsed.GetValue(batch) ?? start.BatchSize,
        GradientAccumulation = parsed.GetValue(accumulation) ?? start.GradientAccumulation,
        Steps = parsed.GetValue(steps) ?? start.Steps,
        LearningRate = parsed.GetValue(learningRate) ?? start.LearningRate,
        // Someone who sets only the highest rate expects the shape of the schedule to stay.
        MinimumLearningRate = parsed.GetValue(minimumLearningRate)
            ?? (parsed.GetValue(learningRate) is { } rate ? start.MinimumLearningRate / start.LearningRate * rate : start.MinimumLearningRate),
        WarmupSteps = parsed.GetValue(warmup)
            ?? (parsed.GetValue(steps) is null && parsed.GetValue(depth) is null ? start.WarmupSteps
            : Math.Min(start.WarmupSteps, (parsed.GetValue(steps) ?? start.Steps) / 2)),
        Schedule = parsed.GetValue(schedule) ?? start.Schedule,
        WeightDecay = parsed.GetValue(weightDecay) ?? start.WeightDecay,
        Beta2 = parsed.GetValue(beta2) ?? start.Beta2,
        L1 = parsed.GetValue(l1) ?? start.L1,
        L2 = parsed.GetValue(l2) ?? start.L2,
        GradientClip = parsed.GetValue(clip) ?? start.GradientClip,
        // Muon knows no penalties: who asks for one means AdamW, whatever the preset has.
        Kind = parsed.GetValue(optimizer) ?? (parsed.GetValue(l1) > 0 || parsed.GetValue(l2) > 0 ? OptimizerRecipe.AdamW : start.Kind),
        Recompute = parsed.GetValue(recompute) || start.Recompute,
    };
}

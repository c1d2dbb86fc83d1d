using System.CommandLine;

namespace Idiolect.Cli.Options;

/// <summary>The flags of <c>train</c>. Each is optional; what is not given comes from the preset or from the depth.</summary>
/// <param name="prefersBf16">Whether a GPT is trained in bf16 unless told otherwise: where that is faster, it ends no worse (docs/numbers.md).</param>
internal sealed class TrainingFlags(Func<bool> prefersBf16)
{
    private const int TinyShakespeareCharacters = 65;

    private readonly ChoiceOption preset = new(
        "--preset", $"Settings to start from: {string.Join(", ", Presets.Names)}", [.. Presets.Names], "NAME");
    private readonly NumberOption<int> depth = new(
        "--depth", "The one dial: N layers (of an lstm, gru or rnn 2 at most), and the width, heads, learning rate and steps that suit them", 1, 64);

    private readonly TranslationFlags translation = new();

    private readonly Option<string?> data = Flag.Data("Text file, folder, glob or .jsonl; dotnet-docs is your SDK's documentation");
    private readonly Option<string?> textField = Flag.Field();
    private readonly NumberOption<double> validation = Flag.Number("--val-fraction", "Share of the documents held out", 0.0001, 0.5);
    private readonly Option<string?> tokenizer = Flag.Text("--tokenizer", "How text becomes tokens; FILE is a tokenizer.json", "bpe|char|byte|FILE");
    private readonly NumberOption<int> vocabulary = new("--vocab", "Size of the vocabulary of a new bpe tokenizer", 257, 1_000_000);

    private readonly NumberOption<int> order = new("--order", "Tokens in the longest n-gram of an ngram", 1, 32);
    private readonly ChoiceOption architecture = new("--architecture", "Shape of a gpt", TrainingSetup.Architectures);
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
        "--schedule", "Learning rate after the warm-up: down a cosine, flat and then straight down (wsd), flat, or the paper of 2017's", TrainingSetup.Schedules);
    private readonly NumberOption<double> weightDecay = Flag.Number("--weight-decay", "Decoupled weight decay of the matrices");
    private readonly NumberOption<double> beta2 = Flag.Number("--beta2", "AdamW's decay of the squared gradients", 0, 0.999999);
    private readonly NumberOption<double> l1 = Flag.Number("--l1", "L1 penalty on the weights");
    private readonly NumberOption<double> l2 = Flag.Number("--l2", "L2 penalty on the weights, inside the gradient");
    private readonly NumberOption<double> clip = Flag.Number("--grad-clip", "Longest gradient; 0 clips nothing");

    private readonly ChoiceOption optimizer = new(
        "--optimizer", "AdamW, or Muon for hidden matrices beside AdamW for the rest, at the same --lr", TrainingSetup.Optimizers);
    private readonly Option<bool> recompute = new("--recompute")
    {
        Description = "Compute each block again in the backward pass instead of keeping its inside: less memory, more time, the same result",
    };

    private readonly ChoiceOption precision = new(
        "--precision", "Rounding of what matrix products multiply (bf16: to 16 bits, as bench machine says); weights and sums stay fp32  [train: bf16 for a gpt where bench machine names it; else fp32]", TrainingSetup.Precisions);

    private readonly NumberOption<int> evaluateEvery = Flag.Count("--eval-every", "Steps between evaluations");
    private readonly NumberOption<int> evaluationBatches = Flag.Count("--eval-batches", "Batches an evaluation");
    private readonly NumberOption<int> earlyStop = Flag.Count("--early-stop", "End after N evaluations without a better one");
    private readonly NumberOption<int> checkpointEvery = Flag.Count("--checkpoint-every", "Steps between checkpoints  [--eval-every]");
    private readonly NumberOption<int> keep = Flag.Count("--keep", "Checkpoints kept beside the best one");

    private readonly NumberOption<ulong> seed = Flag.Seed();
    private readonly NumberOption<int> threads = Flag.Threads();

    /// <summary>All of them, in the order in which <c>--help</c> lists them.</summary>
    internal IEnumerable<Option> All =>
    [
        preset, depth, .. translation.All, data, textField, validation, tokenizer, vocabulary, order, architecture, layers, heads, keyValueHeads,
        width, context, dropout,
        batch, accumulation, steps, learningRate, minimumLearningRate, warmup, schedule, weightDecay, beta2, l1, l2, clip, optimizer,
        precision, recompute,
        evaluateEvery, evaluationBatches, earlyStop, checkpointEvery, keep, seed, threads,
    ];

    /// <summary>Those of them that change the work of a step or how fast it is done.</summary>
    internal IEnumerable<Option> OfAStep =>
    [
        preset, depth, vocabulary, architecture, layers, heads, keyValueHeads, width, context, dropout, batch, optimizer, precision,
        recompute, seed, threads,
    ];

    /// <summary>Preset, then depth, then the single flags: the later wins.</summary>
    /// <exception cref="ArgumentException">The values do not fit each other.</exception>
    internal TrainingSetup Resolve(ParseResult parsed)
    {
        var setup = ResolveSizes(parsed);
        if (setup.Tokenizer != "bpe")
        {
            Flag.RejectMeaningless(parsed, $"--tokenizer {setup.Tokenizer}", [vocabulary]);
        }
        Flag.RejectField(parsed, textField, setup.Data);
        return setup;
    }

    private TrainingSetup ResolveSizes(ParseResult parsed)
    {
        var setup = Presets.Get(parsed.GetValue(preset) ?? translation.DefaultPreset(parsed));
        RejectOtherKind(setup, translation.Apply(setup, parsed));
        RejectMeaningless(translation.Apply(setup, parsed) with { Schedule = parsed.GetValue(schedule) ?? setup.Schedule }, parsed);
        if (parsed.GetValue(depth) is { } dial)
        {
            // The depth's number of steps depends on the tokens a step, so these come first.
            setup = Depth.Apply(ApplyFlags(setup, parsed), dial);
        }
        setup = ApplyFlags(setup, parsed);
        if (parsed.GetValue(precision) is null && setup.IsGpt && prefersBf16())
        {
            setup = setup with { Precision = "bf16" };
        }
        return setup.Validate();
    }

    /// <summary>
    /// The settings of a step that is timed on random tokens: one batch, and no dropout unless it is asked for. The characters of a
    /// preset for tinyshakespeare are as many as that text has.
    /// </summary>
    /// <exception cref="ArgumentException">The values do not fit each other.</exception>
    internal TrainingSetup ResolveStep(ParseResult parsed)
    {
        var setup = ResolveSizes(parsed);
        if (!setup.IsGpt)
        {
            throw new ArgumentException($"bench train measures GPTs, and --preset {setup.Preset} is none");
        }
        return setup with
        {
            GradientAccumulation = 1,
            Dropout = parsed.GetValue(dropout) ?? 0,
            VocabularySize = parsed.GetValue(vocabulary) ?? (setup.Tokenizer == "char" ? TinyShakespeareCharacters : setup.VocabularySize),
        };
    }

    /// <summary>
    /// The settings of a run that goes on: those of its first part, of which only what does not change the mathematics so far may be
    /// set anew. The data may lie elsewhere now; the checkpoint knows their hash.
    /// </summary>
    /// <exception cref="ArgumentException">A flag was given that a run cannot change, or too few steps.</exception>
    internal TrainingSetup ResolveResumed(TrainingSetup earlier, long stepsTaken, ParseResult parsed)
    {
        Option[] changeable = [data, steps, evaluateEvery, evaluationBatches, earlyStop, checkpointEvery, keep, recompute, threads];
        foreach (var option in All.Except(changeable))
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new ArgumentException($"{option.Name} cannot change in a run that goes on; leave it out, or start a new run without --resume");
            }
        }
        RejectMeaningless(earlier, parsed);
        return (ApplyFlags(earlier, parsed) with { WarmupSteps = earlier.WarmupSteps }).ValidateSteps(stepsTaken).Validate();
    }

    /// <summary>A preset's sizes suit its task, and counting has none that suit a network.</summary>
    /// <exception cref="ArgumentException">The preset is of another kind than the task or the model.</exception>
    private static void RejectOtherKind(TrainingSetup start, TrainingSetup setup)
    {
        if (start.Translates != setup.Translates)
        {
            throw new ArgumentException($"--preset {start.Preset} has no settings for --task {setup.Task}; leave one of them out");
        }
        if (start.IsNGram && !setup.IsNGram)
        {
            throw new ArgumentException($"--preset {start.Preset} has no settings for --model {setup.Model}; leave one of them out");
        }
    }

    /// <exception cref="ArgumentException">A flag was given that the settings have no use for.</exception>
    private void RejectMeaningless(TrainingSetup setup, ParseResult parsed)
    {
        foreach (var (what, without) in WithoutUse(setup))
        {
            Flag.RejectMeaningless(parsed, what, without);
        }
    }

    /// <summary>What the settings are, and the flags that mean nothing to that.</summary>
    private IEnumerable<(string What, IEnumerable<Option> Flags)> WithoutUse(TrainingSetup setup)
    {
        Option[] ofNGram = [preset, .. translation.All, data, textField, validation, tokenizer, vocabulary, order, evaluationBatches, seed, threads];
        if (setup.Translates)
        {
            yield return ("--task translate", [textField, validation, order, recompute, evaluationBatches]);
        }
        yield return ($"--model {(setup.IsGpt ? TrainingSetup.Gpt : setup.Model)}", (setup.Translates, setup.Model) switch
        {
            (true, TrainingSetup.Gpt) => translation.OfEncoderDecoders,
            (true, TrainingSetup.Transformer) => [architecture, keyValueHeads],
            (true, _) => [architecture, heads, keyValueHeads, translation.Norm],
            (_, TrainingSetup.NGram) => All.Except(ofNGram),
            (_, TrainingSetup.Bert) => [architecture, keyValueHeads, order, recompute],
            (_, TrainingSetup.Rnn or TrainingSetup.Lstm or TrainingSetup.Gru) => [architecture, heads, keyValueHeads, order, recompute],
            _ => [order],
        });
        if (setup.Schedule is "constant" or "inverse-sqrt")
        {
            yield return ($"--schedule {setup.Schedule}", [minimumLearningRate]);
        }
    }

    private TrainingSetup ApplyFlags(TrainingSetup setup, ParseResult parsed) => translation.Apply(setup, parsed) with
    {
        Preset = parsed.GetValue(preset) ?? setup.Preset,
        Data = parsed.GetValue(data) ?? setup.Data,
        Field = parsed.GetValue(textField) ?? setup.Field,
        ValidationFraction = parsed.GetValue(validation) ?? setup.ValidationFraction,
        Tokenizer = parsed.GetValue(tokenizer) ?? setup.Tokenizer,
        VocabularySize = parsed.GetValue(vocabulary) ?? setup.VocabularySize,
        Order = parsed.GetValue(order) ?? setup.Order,
        Architecture = parsed.GetValue(architecture) ?? translation.Apply(setup, parsed).Architecture,
        LayerCount = parsed.GetValue(layers) ?? setup.LayerCount,
        HeadCount = parsed.GetValue(heads) ?? setup.HeadCount,
        // The preset's key and value heads belong to the preset's heads and architecture.
        KeyValueHeadCount = parsed.GetValue(keyValueHeads) ?? parsed.GetValue(heads)
            ?? (parsed.GetValue(architecture) == "gpt2" ? setup.HeadCount : setup.KeyValueHeadCount),
        Width = parsed.GetValue(width) ?? setup.Width,
        ContextLength = parsed.GetValue(context) ?? setup.ContextLength,
        Dropout = parsed.GetValue(dropout) ?? setup.Dropout,
        BatchSize = parsed.GetValue(batch) ?? setup.BatchSize,
        GradientAccumulation = parsed.GetValue(accumulation) ?? setup.GradientAccumulation,
        Steps = parsed.GetValue(steps) ?? setup.Steps,
        LearningRate = parsed.GetValue(learningRate) ?? setup.LearningRate,
        // Someone who sets only the highest rate expects the shape of the schedule to stay.
        MinimumLearningRate = parsed.GetValue(minimumLearningRate)
            ?? (parsed.GetValue(learningRate) is { } rate ? setup.MinimumLearningRate / setup.LearningRate * rate : setup.MinimumLearningRate),
        WarmupSteps = parsed.GetValue(warmup) ?? Math.Min(setup.WarmupSteps, (parsed.GetValue(steps) ?? setup.Steps) / 2),
        Schedule = parsed.GetValue(schedule) ?? setup.Schedule,
        WeightDecay = parsed.GetValue(weightDecay) ?? setup.WeightDecay,
        Beta2 = parsed.GetValue(beta2) ?? setup.Beta2,
        L1 = parsed.GetValue(l1) ?? setup.L1,
        L2 = parsed.GetValue(l2) ?? setup.L2,
        GradientClip = parsed.GetValue(clip) ?? setup.GradientClip,
        // Muon knows no penalties: who asks for one means AdamW, whatever the preset has.
        Optimizer = parsed.GetValue(optimizer) ?? (parsed.GetValue(l1) > 0 || parsed.GetValue(l2) > 0 ? "adamw" : setup.Optimizer),
        Recompute = parsed.GetValue(recompute) || setup.Recompute,
        Precision = parsed.GetValue(precision) ?? setup.Precision,
        EvaluateEvery = parsed.GetValue(evaluateEvery) ?? setup.EvaluateEvery,
        EvaluationBatches = parsed.GetValue(evaluationBatches) ?? setup.EvaluationBatches,
        EarlyStop = parsed.GetValue(earlyStop) ?? setup.EarlyStop,
        CheckpointEvery = parsed.GetValue(checkpointEvery) ?? parsed.GetValue(evaluateEvery) ?? setup.CheckpointEvery,
        KeepCheckpoints = parsed.GetValue(keep) ?? setup.KeepCheckpoints,
        Seed = parsed.GetValue(seed) ?? setup.Seed,
        Threads = parsed.GetValue(threads) ?? setup.Threads,
    };
}

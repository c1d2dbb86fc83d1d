using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Cli.Options;

/// <summary>Every setting of a training run, resolved. Kept in the run's folder as <c>setup.json</c>, so that a resume needs no flags.</summary>
internal sealed record TrainingSetup
{
    internal static readonly string[] Architectures = ["gpt2", "llama"];
    internal static readonly string[] Optimizers = ["adamw", "muon"];
    internal static readonly string[] Precisions = ["fp32", "bf16"];
    internal static readonly string[] Schedules = ["cosine", "wsd", "constant", "inverse-sqrt"];

    internal const string Translate = "translate";
    internal static readonly string[] Tasks = ["language-model", Translate];
    internal const string Classify = "classify"; // what `tune` teaches
    internal const string Transformer = "transformer";
    internal const string Gpt = "gpt"; // which translates as one stream
    internal const string Bert = "bert";
    internal const string Rnn = "rnn";
    internal const string Lstm = "lstm";
    internal const string LstmAttention = "lstm-attention";
    internal const string Gru = "gru";
    internal const string NGram = "ngram";
    internal static readonly string[] LanguageModels = [Gpt, Bert, Rnn, Lstm, Gru, NGram];
    internal static readonly string[] TranslationModels = [Transformer, Lstm, LstmAttention, Gpt];

    /// <summary>What is learned: one of <see cref="Tasks"/>, or <see cref="Classify"/>; a run of an earlier version has none and is a language model.</summary>
    public string? Task { get; init; }

    /// <summary>
    /// The kind of model: one of <see cref="LanguageModels"/>, or of <see cref="TranslationModels"/> in a translation. The default stands
    /// for the task's own: a GPT, or the transformer of 2017.
    /// </summary>
    public string Model { get; init; } = Transformer;

    public string From { get; init; } = "en";

    /// <summary>Target languages, joined by commas.</summary>
    public string To { get; init; } = "de";

    /// <summary><c>cluster</c> or <c>assembly</c>.</summary>
    public string Split { get; init; } = "cluster";

    public bool NormFirst { get; init; } = true;

    public double LabelSmoothing { get; init; } = 0.1;

    public required string Preset { get; init; }

    public string Data { get; init; } = "dotnet-docs";

    /// <summary>The field of a JSON Lines file that holds the text.</summary>
    public string Field { get; init; } = "text";

    /// <summary>The field of a JSON Lines file that holds the label of a text to classify.</summary>
    public string LabelField { get; init; } = "label";

    /// <summary>Whether a classifier's head alone learns.</summary>
    public bool Freeze { get; init; }

    public double ValidationFraction { get; init; } = 0.1;

    /// <summary><c>bpe</c>, <c>char</c>, <c>byte</c>, or the path of a tokenizer.json.</summary>
    public string Tokenizer { get; init; } = "bpe";

    /// <summary>Tokens that a new <c>bpe</c> tokenizer learns; the other kinds know their own number.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>The shape of a GPT: one of <see cref="Architectures"/>, of a tuning any that can be read; other models have none.</summary>
    public string Architecture { get; init; } = "llama";

    /// <summary>Tokens in the longest n-gram of an n-gram model.</summary>
    public int Order { get; init; } = 6;

    public required int LayerCount { get; init; }

    /// <summary>Attention heads of a GPT.</summary>
    public int HeadCount { get; init; } = 1;

    /// <summary>Key and value heads of a GPT.</summary>
    public int KeyValueHeadCount { get; init; } = 1;

    public required int Width { get; init; }

    public required int ContextLength { get; init; }

    public double Dropout { get; init; }

    public required int BatchSize { get; init; }

    public int GradientAccumulation { get; init; } = 1;

    public required int Steps { get; init; }

    public required double LearningRate { get; init; }

    public required double MinimumLearningRate { get; init; }

    public int WarmupSteps { get; init; } = 100;

    public string Schedule { get; init; } = "cosine";

    public double WeightDecay { get; init; } = 0.1;

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.99;

    public double L1 { get; init; }

    public double L2 { get; init; }

    /// <summary>Norm to which a longer gradient is scaled; 0 clips nothing.</summary>
    public double GradientClip { get; init; } = 1;

    public int EvaluateEvery { get; init; } = 250;

    public int EvaluationBatches { get; init; } = 20;

    /// <summary>Evaluations without improvement that end the run; null never does.</summary>
    public int? EarlyStop { get; init; }

    public int CheckpointEvery { get; init; } = 250;

    public int KeepCheckpoints { get; init; } = 2;

    public ulong Seed { get; init; } = 1337;

    /// <summary>How parameters follow their gradients: <c>adamw</c>, or <c>muon</c> for hidden matrices beside it.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>Whether blocks are computed again in the backward pass. Not part of the result, which is the same.</summary>
    public bool Recompute { get; init; }

    /// <summary>How operands of matrix products are rounded: <c>fp32</c> or <c>bf16</c>.</summary>
    public string Precision { get; init; } = "fp32";

    /// <summary>Null: all cores. Not part of the result, which is the same with any number.</summary>
    public int? Threads { get; init; }

    [JsonIgnore]
    internal bool IsRecurrent => !Translates && (Model is Rnn or Lstm or Gru);

    [JsonIgnore]
    internal bool IsBert => !Translates && Model == Bert;

    [JsonIgnore]
    internal bool IsNGram => !Translates && Model == NGram;

    /// <summary>Whether it is a decoder-only transformer that learns to continue text.</summary>
    [JsonIgnore]
    internal bool IsGpt => !Translates && !Classifies && Kind == Architecture;

    /// <summary>What the model is, in a word.</summary>
    [JsonIgnore]
    internal string Kind => IsRecurrent || IsNGram || IsBert ? Model : Architecture;

    [JsonIgnore]
    internal bool Classifies => Task == Classify;

    [JsonIgnore]
    internal bool Translates => Task == Translate;

    /// <summary>In a translation the batch size counts tokens.</summary>
    [JsonIgnore]
    internal long TokensPerStep => (long)BatchSize * GradientAccumulation * (Translates ? 1 : ContextLength);

    /// <summary>This setup, when its values fit each other.</summary>
    /// <exception cref="ArgumentException">They do not; the message names the flags and a value that fits.</exception>
    internal TrainingSetup Validate()
    {
        if (!IsRecurrent && !IsNGram)
        {
            ValidateHeads();
        }
        if (Optimizer == "muon" && (L1 > 0 || L2 > 0))
        {
            throw new ArgumentException("--optimizer muon takes no --l1 or --l2; leave them out, or use --weight-decay");
        }
        if (MinimumLearningRate > LearningRate)
        {
            throw new ArgumentException(FormattableString.Invariant($"--min-lr {MinimumLearningRate} is above --lr {LearningRate}"));
        }
        if (BatchSize * (ContextLength + 1L) > Array.MaxLength)
        {
            throw new ArgumentException($"--batch {BatchSize} of --context {ContextLength} are more tokens than a step can have; choose less of either, or --grad-accumulation");
        }
        if (WarmupSteps > Steps)
        {
            throw new ArgumentException($"--warmup {WarmupSteps} is longer than --steps {Steps}");
        }
        return this;
    }

    /// <summary>What is wrong with a value that was read from a file, in the file's own words; null when each makes sense.</summary>
    internal string? FindNonsense()
    {
        (string Name, double Value, double Minimum, double Maximum)[] numbers =
        [
            (nameof(LabelSmoothing), LabelSmoothing, 0, 0.9), (nameof(ValidationFraction), ValidationFraction, 0.0001, 0.9),
            (nameof(VocabularySize), VocabularySize, 1, int.MaxValue), (nameof(Order), Order, 1, int.MaxValue),
            (nameof(LayerCount), LayerCount, 1, int.MaxValue), (nameof(HeadCount), HeadCount, 1, int.MaxValue),
            (nameof(KeyValueHeadCount), KeyValueHeadCount, 1, int.MaxValue), (nameof(Width), Width, 1, int.MaxValue),
            (nameof(ContextLength), ContextLength, 1, int.MaxValue), (nameof(Dropout), Dropout, 0, 0.95),
            (nameof(BatchSize), BatchSize, 1, int.MaxValue), (nameof(GradientAccumulation), GradientAccumulation, 1, int.MaxValue),
            (nameof(Steps), Steps, 1, int.MaxValue), (nameof(LearningRate), LearningRate, 0, 10),
            (nameof(MinimumLearningRate), MinimumLearningRate, 0, 10), (nameof(WarmupSteps), WarmupSteps, 0, int.MaxValue),
            (nameof(WeightDecay), WeightDecay, 0, double.MaxValue), (nameof(Beta1), Beta1, 0, 0.999999), (nameof(Beta2), Beta2, 0, 0.999999),
            (nameof(L1), L1, 0, double.MaxValue), (nameof(L2), L2, 0, double.MaxValue), (nameof(GradientClip), GradientClip, 0, double.MaxValue),
            (nameof(EvaluateEvery), EvaluateEvery, 1, int.MaxValue), (nameof(EvaluationBatches), EvaluationBatches, 1, int.MaxValue),
            (nameof(EarlyStop), EarlyStop ?? 1, 1, int.MaxValue), (nameof(CheckpointEvery), CheckpointEvery, 1, int.MaxValue),
            (nameof(KeepCheckpoints), KeepCheckpoints, 1, int.MaxValue), (nameof(Threads), Threads ?? 1, 1, Flag.MostThreads),
        ];
        (string Name, string Value, IEnumerable<string> Choices)[] words =
        [
            (nameof(Task), Task ?? Tasks[0], [.. Tasks, Classify]), (nameof(Model), Model, LanguageModels.Union(TranslationModels)),
            (nameof(Split), Split, ["cluster", "assembly"]), (nameof(Schedule), Schedule, Schedules), (nameof(Optimizer), Optimizer, Optimizers),
            (nameof(Precision), Precision, Precisions),
            (nameof(Architecture), Architecture, Classifies ? [Architecture] : [.. Architectures, .. TranslationModels]),
        ];
        return numbers.Where(number => !(number.Value >= number.Minimum && number.Value <= number.Maximum))
            .Select(number => FormattableString.Invariant($"\"{InFile(number.Name)}\" is {number.Value}; it must be ")
                + (number.Maximum >= int.MaxValue ? FormattableString.Invariant($"at least {number.Minimum}") : FormattableString.Invariant($"from {number.Minimum} to {number.Maximum}")))
            .Concat(words.Where(word => !word.Choices.Contains(word.Value))
                .Select(word => $"\"{InFile(word.Name)}\" is \"{word.Value}\"; it must be one of {string.Join(", ", word.Choices)}"))
            .FirstOrDefault();

        static string InFile(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
    }

    /// <summary>This setup, when a run that has taken some steps can go on with it: its learning rates so far stay what they were.</summary>
    /// <exception cref="ArgumentException">It has too few steps.</exception>
    internal TrainingSetup ValidateSteps(long stepsTaken)
        => Steps < stepsTaken ? throw new ArgumentException($"--steps {Steps} is below the {stepsTaken} steps that the run has taken; give at least as many, or leave it out")
        : Steps < WarmupSteps ? throw new ArgumentException($"--steps {Steps} ends within the run's warm-up of {WarmupSteps} steps, which cannot change any more; give at least as many, or leave it out")
        : this;

    private void ValidateHeads()
    {
        if (Width % HeadCount != 0)
        {
            throw new ArgumentException(
                $"--width must be a multiple of --heads, and {Width} is none of {HeadCount}; try --width {RoundUp(Width, HeadCount)}");
        }
        if (IsBert)
        {
            return; // the rest is about the shapes of a GPT
        }
        if (Architecture == "llama" && Width / HeadCount % 2 != 0)
        {
            throw new ArgumentException(
                $"--width {Width} with --heads {HeadCount} gives heads of size {Width / HeadCount}, and rotary positions need an even one; "
                + $"try --width {RoundUp(Width, 2 * HeadCount)}");
        }
        if (Architecture == "gpt2" && KeyValueHeadCount != HeadCount)
        {
            throw new ArgumentException("--kv-heads needs --architecture llama: the gpt2 shape has as many as --heads");
        }
        if (HeadCount % KeyValueHeadCount != 0)
        {
            throw new ArgumentException($"--heads must be a multiple of --kv-heads, and {HeadCount} is none of {KeyValueHeadCount}");
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}

/// <summary>Reads and writes <see cref="TrainingSetup"/> without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TrainingSetup))]
internal sealed partial class SetupJson : JsonSerializerContext;

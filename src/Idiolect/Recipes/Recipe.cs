using System.Text.Json.Serialization;
using Idiolect.Evaluation;

namespace Idiolect.Recipes;

/// <summary>
/// All that makes a run: what is learned, the model, the tokenizer, the data, the optimisation and the evaluation. As a file it is JSON with one
/// section each, which a person can read and write; a run's folder holds the one that makes its bytes again on the same machine.
/// </summary>
/// <example><code>
/// var recipe = Recipe.Preset("nanogpt-cpu");
/// recipe = recipe with { Data = recipe.Data with { Source = "book.txt" } };
/// TrainingRun.Start(recipe, "runs/book");
/// </code></example>
public sealed partial record Recipe
{
    /// <summary>To predict the next token, or the tokens in gaps.</summary>
    public const string LanguageModelTask = "language-model";

    /// <summary>To translate.</summary>
    public const string TranslateTask = "translate";

    /// <summary>To say what texts are, on top of a trained model.</summary>
    public const string ClassifyTask = "classify";

    /// <summary>The preset that a run starts from where nothing else is said.</summary>
    public const string DefaultPreset = "default";

    /// <summary>The tasks that a model can be trained for from its first weights.</summary>
    public static IReadOnlyList<string> Tasks { get; } = [LanguageModelTask, TranslateTask];

    /// <summary>The roundings of what matrix products multiply.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["fp32", "bf16"];

    /// <summary>The recipes that come with the library: <c>Recipe.Preset(name)</c>.</summary>
    public static IReadOnlyList<string> PresetNames { get; } =
        [DefaultPreset, "nanogpt-cpu", "nanogpt", "gpt2-124m", "llama-tiny", "translate", "lstm", "gru", "rnn", "bert", "ngram"];

    /// <summary>The preset that this recipe started from, whose values stand for what a file leaves out; null for a recipe of one's own.</summary>
    [JsonPropertyName("preset")]
    public string? PresetName { get; init; }

    /// <summary>One of <see cref="Tasks"/>, or <see cref="ClassifyTask"/>.</summary>
    public string Task { get; init; } = LanguageModelTask;

    /// <summary>Seed of all random numbers.</summary>
    public ulong Seed { get; init; } = 1337;

    /// <summary>One of <see cref="Precisions"/>; null for bf16 in a gpt where the machine multiplies it, and else fp32 (<see cref="Resolve"/>).</summary>
    public string? Precision { get; init; }

    /// <summary>Null for all processors. Not part of the result, which is the same with any number.</summary>
    public int? Threads { get; init; }

    /// <summary>The trained model to begin with; null for first weights.</summary>
    public BaseRecipe? Base { get; init; }

    /// <summary>The model. With a <see cref="Base"/> this only says what that is, but for the context length, which may be shorter.</summary>
    public ModelRecipe Model { get; init; } = new();

    /// <summary>The tokenizer.</summary>
    public TokenizerRecipe Tokenizer { get; init; } = new();

    /// <summary>The data.</summary>
    public DataRecipe Data { get; init; } = new();

    /// <summary>The optimisation.</summary>
    public OptimizerRecipe Optimizer { get; init; } = new();

    /// <summary>The evaluation.</summary>
    public EvaluationRecipe Evaluation { get; init; } = new();

    /// <summary>Whether it learns to translate.</summary>
    public bool Translates => Task == TranslateTask;

    /// <summary>Whether it learns to classify.</summary>
    public bool Classifies => Task == ClassifyTask;

    /// <summary>Whether a decoder-only transformer learns to continue text.</summary>
    public bool IsGpt => Task == LanguageModelTask && Model.Kind == ModelRecipe.Gpt;

    /// <summary>Whether the run trains a tokenizer of its own.</summary>
    internal bool MakesTokenizer => Base is null && Tokenizer.Kind == TokenizerRecipe.Bpe;

    /// <summary>Whether the model is a BERT.</summary>
    public bool IsBert => !Translates && Model.Kind == ModelRecipe.Bert;

    /// <summary>Whether n-grams are counted.</summary>
    public bool IsNGram => !Translates && Model.Kind == ModelRecipe.NGram;

    /// <summary>Whether the model is a recurrent network, and no encoder-decoder of them.</summary>
    public bool IsRecurrent => !Translates && Model.Kind is ModelRecipe.Rnn or ModelRecipe.Lstm or ModelRecipe.Gru;

    /// <summary>What the model is, in a word.</summary>
    public string ModelName => Model.Kind == ModelRecipe.Gpt ? Model.Architecture : Model.Kind;

    /// <summary>Tokens of a step; in a translation the batch size counts them.</summary>
    public long TokensPerStep
        => (long)Optimizer.BatchSize * Optimizer.GradientAccumulation * (Translates ? 1 : Model.ContextLength);

    /// <summary>This recipe with a precision, where that was left to the machine, and with all languages by name.</summary>
    /// <param name="multipliesBf16">Whether bf16 is faster here; null asks the machine.</param>
    public Recipe Resolve(Func<bool>? multipliesBf16 = null) => this with
    {
        Data = Translates && Data.To == DataRecipe.AllLanguages ? Data with { To = string.Join(',', Data.Targets) } : Data,
        Precision = Precision ?? (IsGpt && (multipliesBf16 ?? (() => MachinePeak.MultipliesBf16))() ? "bf16" : "fp32"),
    };

    /// <summary>This recipe with paths that hold from any folder, since a run may go on from another than it was started in.</summary>
    internal Recipe WithLastingPaths() => this with
    {
        Base = Base is null ? null : Base with { Model = Path.GetFullPath(Base.Model) },
        Tokenizer = Tokenizer.Kind is TokenizerRecipe.Bpe or TokenizerRecipe.Characters or TokenizerRecipe.Bytes
            ? Tokenizer : Tokenizer with { Kind = Path.GetFullPath(Tokenizer.Kind) },
        Data = Data.WithLastingPaths(),
    };
}

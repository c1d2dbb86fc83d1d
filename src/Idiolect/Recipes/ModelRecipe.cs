namespace Idiolect.Recipes;

/// <summary>The model of a run: its kind and its sizes. Fields that a kind has no use for are ignored in code and refused in a file.</summary>
public sealed record ModelRecipe
{
    /// <summary>A decoder-only transformer; in a translation, one that reads source and target as one stream.</summary>
    public const string Gpt = "gpt";

    /// <summary>A bidirectional transformer that fills gaps.</summary>
    public const string Bert = "bert";

    /// <summary>A recurrent network of plain cells.</summary>
    public const string Rnn = "rnn";

    /// <summary>A recurrent network with long short-term memory; in a translation, an encoder and a decoder of them.</summary>
    public const string Lstm = "lstm";

    /// <summary>A recurrent network of gated units.</summary>
    public const string Gru = "gru";

    /// <summary>Counted n-grams.</summary>
    public const string NGram = "ngram";

    /// <summary>The encoder-decoder of 2017, to translate.</summary>
    public const string Transformer = "transformer";

    /// <summary>An LSTM encoder-decoder with attention, to translate.</summary>
    public const string LstmAttention = "lstm-attention";

    /// <summary>The kinds that learn a language.</summary>
    public static IReadOnlyList<string> LanguageModels { get; } = [Gpt, Bert, Rnn, Lstm, Gru, NGram];

    /// <summary>The kinds that translate.</summary>
    public static IReadOnlyList<string> TranslationModels { get; } = [Transformer, Lstm, LstmAttention, Gpt];

    /// <summary>The shapes that a new gpt can have.</summary>
    public static IReadOnlyList<string> Architectures { get; } = ["gpt2", "llama"];

    /// <summary>One of <see cref="LanguageModels"/>, or of <see cref="TranslationModels"/> in a translation.</summary>
    public string Kind { get; init; } = Gpt;

    /// <summary>The shape of a gpt: one of <see cref="Architectures"/>; of a model that exists already any that can be read.</summary>
    public string Architecture { get; init; } = "llama";

    /// <summary>Tokens in the longest n-gram of an n-gram model.</summary>
    public int Order { get; init; } = 6;

    /// <summary>Layers; of an encoder-decoder, in each of the two.</summary>
    public int LayerCount { get; init; } = 1;

    /// <summary>Attention heads; they divide the width.</summary>
    public int HeadCount { get; init; } = 1;

    /// <summary>Key and value heads of a gpt, shared by groups of heads; null for as many as heads.</summary>
    public int? KeyValueHeadCount { get; init; }

    /// <summary>Size of the embedding.</summary>
    public int Width { get; init; } = 1;

    /// <summary>Tokens that the model sees at once.</summary>
    public int ContextLength { get; init; } = 1;

    /// <summary>Share of activations dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether a transformer that translates normalises before each layer, or after it as in 2017.</summary>
    public bool NormFirst { get; init; } = true;

    /// <summary>Share of each target that an encoder-decoder's loss gives to all tokens.</summary>
    public double LabelSmoothing { get; init; } = 0.1;
}

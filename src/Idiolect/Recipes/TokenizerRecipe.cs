namespace Idiolect.Recipes;

/// <summary>How text becomes tokens. A run on a model that exists already takes that model's tokenizer.</summary>
public sealed record TokenizerRecipe
{
    /// <summary>A byte-level BPE, trained on the corpus.</summary>
    public const string Bpe = "bpe";

    /// <summary>The characters of the corpus.</summary>
    public const string Characters = "char";

    /// <summary>Bytes.</summary>
    public const string Bytes = "byte";

    /// <summary><see cref="Bpe"/>, <see cref="Characters"/>, <see cref="Bytes"/>, or the path of a tokenizer.json or its folder.</summary>
    public string Kind { get; init; } = Bpe;

    /// <summary>Tokens that a new BPE learns; the other kinds know their own number.</summary>
    public int VocabularySize { get; init; } = 4096;
}

namespace Idiolect.Tokenization;

/// <summary>What <see cref="BytePairTrainer"/> is to make.</summary>
public sealed record BytePairTrainerOptions
{
    /// <summary>The number of tokens: 256 bytes, the merges, and the special tokens, which get the last ids.</summary>
    public int VocabularySize { get; init; } = 4096;

    /// <summary>How text is cut into pieces; no token spans two of them.</summary>
    public PreTokenizer PreTokenizer { get; init; } = PreTokenizer.Gpt2;

    /// <summary>The special tokens; the first begins a text and separates documents.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [Tokenizer.EndOfText];

    /// <summary>How many threads count words. The result does not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;
}

namespace Idiolect.Tokenization;

/// <summary>The tokens that a model knows, beside those of a tokenizer.</summary>
internal static class ModelVocabulary
{
    /// <summary>Refuses a tokenizer that knows more tokens than the model.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="size">The tokens that the model knows.</param>
    /// <exception cref="InvalidDataException">They do not belong together.</exception>
    internal static void Require(Tokenizer tokenizer, int size)
    {
        if (tokenizer.VocabularySize > size)
        {
            throw new InvalidDataException(
                $"The tokenizer knows {tokenizer.VocabularySize} tokens and the model only {size}: they do not belong together.");
        }
    }
}

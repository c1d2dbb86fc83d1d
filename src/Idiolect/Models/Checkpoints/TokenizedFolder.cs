using Idiolect.Tokenization;

namespace Idiolect.Models;

/// <summary>A model folder with its tokenizer's files: what a checkpoint is to whoever uses the model.</summary>
public static class TokenizedFolder
{
    /// <summary>Writes a model and its tokenizer; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="folder">The folder, made if need be.</param>
    /// <exception cref="ArgumentException">No file format holds a model of this kind.</exception>
    /// <exception cref="NotSupportedException">The tokenizer does not say how it is saved; nothing was written.</exception>
    public static void Save(IModel model, Tokenizer tokenizer, string folder)
    {
        tokenizer.Save(folder); // one of a user that cannot be saved says so before anything is written
        ModelFolder.Save(model, folder);
    }

    /// <summary>Writes a classifier and its tokenizer; each file atomically.</summary>
    /// <param name="model">The classifier.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Classifier model, Tokenizer tokenizer, string folder)
    {
        tokenizer.Save(folder);
        ClassifierFolder.Save(model, folder);
    }

    /// <summary>Writes a model that translates, its tokenizer and its languages; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="languages">Its languages.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(ISequenceToSequence model, Tokenizer tokenizer, TranslationLanguages languages, string folder)
    {
        tokenizer.Save(folder);
        SequenceToSequenceFolder.Save(model, folder);
        languages.Save(folder);
    }

    /// <summary>Refuses a tokenizer that knows more tokens than the model.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabularySize">The tokens that the model knows.</param>
    /// <exception cref="InvalidDataException">They do not belong together.</exception>
    internal static void RequireTogether(Tokenizer tokenizer, int vocabularySize)
    {
        if (tokenizer.VocabularySize > vocabularySize)
        {
            throw new InvalidDataException(
                $"The tokenizer knows {tokenizer.VocabularySize} tokens and the model only {vocabularySize}: they do not belong together.");
        }
    }
}

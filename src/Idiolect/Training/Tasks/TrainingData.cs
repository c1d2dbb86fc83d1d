using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>The tokens that a run learns from and those that it is measured on.</summary>
/// <param name="Training">To learn from.</param>
/// <param name="Validation">Held out; null to train without measuring.</param>
/// <param name="Hash">Identifies the text and its division; a resume refuses another.</param>
public sealed record TrainingData(TokenDataset Training, TokenDataset? Validation, string Hash) : IDisposable
{
    /// <summary>Turns a corpus into tokens.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static TrainingData Encode(Corpus corpus, Tokenizer tokenizer, CancellationToken cancellationToken = default)
    {
        var training = EncodeSide(corpus.Training, tokenizer, cancellationToken);
        var validation = corpus.Validation.Count > 0 ? EncodeSide(corpus.Validation, tokenizer, cancellationToken) : null;
        return new TrainingData(training, validation, corpus.Hash);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Training.Dispose();
        Validation?.Dispose();
    }

    private static TokenDataset EncodeSide(IReadOnlyList<Document> documents, Tokenizer tokenizer, CancellationToken cancellationToken)
        => TokenDataset.Encode(
            documents, text => tokenizer.Encode(text), tokenizer.VocabularySize, tokenizer.BeginningOfTextId, cancellationToken: cancellationToken);
}

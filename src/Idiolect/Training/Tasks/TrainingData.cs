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
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">The held-out text is too short to measure anything.</exception>
    public static TrainingData Encode(
        Corpus corpus, Tokenizer tokenizer, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        var training = CorpusTokens.Encode(corpus, tokenizer, heldOut: false, progress, cancellationToken);
        try
        {
            var validation = corpus.Validation.Count > 0 ? CorpusTokens.Encode(corpus, tokenizer, heldOut: true, progress, cancellationToken) : null;
            if (validation is { TokenCount: < 2 })
            {
                throw new InvalidDataException($"The held-out text has {validation.TokenCount} tokens, and it takes two to measure: give more text, or hold out more of it.");
            }
            return new TrainingData(training, validation, corpus.Hash);
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Training.Dispose();
        Validation?.Dispose();
    }
}

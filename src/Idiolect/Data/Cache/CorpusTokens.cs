using System.Text;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>
/// Turns a side of a corpus into tokens: in memory where its text is, and else in a file of the <see cref="TokenCache"/>, which is mapped into memory and
/// which every later run uses.
/// </summary>
public static class CorpusTokens
{
    /// <summary>The tokens of a side, each document behind the token that begins a text, if the tokenizer has one.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="heldOut">The validation side instead of the training side.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">The files of a corpus that is too large for memory changed meanwhile.</exception>
    /// <exception cref="WriteFailedException">The cache's folder cannot be written, or the disk is full.</exception>
    public static TokenDataset Encode(
        Corpus corpus, Tokenizer tokenizer, bool heldOut = false, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var documents = heldOut ? corpus.Validation : corpus.Training;
        if (corpus.Cache is not { } cache)
        {
            return TokenDataset.Encode(
                documents, text => tokenizer.Encode(text), tokenizer.VocabularySize, tokenizer.BeginningOfTextId, cancellationToken: cancellationToken);
        }
        var total = heldOut ? corpus.ValidationBytes : corpus.TrainingBytes;
        return cache.Tokens(
            tokenizer, heldOut, total,
            path => AtomicFile.Write(path, stream =>
            {
                Write(stream, documents, tokenizer, total, progress, cancellationToken);
                cache.RequireUnchanged();
            }),
            progress, cancellationToken);
    }

    /// <summary>A tokenizer that is trained on a corpus: kept beside the tokens of one that is too large for memory.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="description">All that makes the tokenizer, beside the text.</param>
    /// <param name="train">Trains it.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Tokenizer CreateTokenizer(Corpus corpus, string description, Func<Tokenizer> train, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(train);
        return corpus.Cache?.Tokenizer(description, train, cancellationToken) ?? train();
    }

    private static void Write(
        Stream stream, IEnumerable<Document> documents, Tokenizer tokenizer, long total, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        var separator = tokenizer.BeginningOfTextId;
        using var writer = new TokenShardWriter(stream, tokenizer.VocabularySize, separator);
        long done = 0;
        var encoder = new DocumentEncoder(text => tokenizer.Encode(text), tokenizer.VocabularySize, threads: 0);
        foreach (var (document, tokens) in encoder.Encode(documents, cancellationToken))
        {
            if (separator is { } mark && !document.IsContinuation)
            {
                writer.Append([mark]);
            }
            writer.Append(tokens);
            done += Encoding.UTF8.GetByteCount(document.Text);
            progress?.Report(new DataProgress("turning text into tokens", done, total));
        }
        cancellationToken.ThrowIfCancellationRequested();
        writer.Finish(done);
    }
}

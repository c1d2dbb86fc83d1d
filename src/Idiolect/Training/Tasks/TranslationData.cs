using Idiolect.Data;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>The pairs that a translation learns from and those that it is measured on, as tokens.</summary>
/// <param name="Training">To learn from.</param>
/// <param name="Validation">Held out.</param>
/// <param name="Hash">Identifies the texts and their division; a resume refuses another.</param>
public sealed record TranslationData(PairDataset Training, PairDataset Validation, string Hash)
{
    /// <summary>Turns a corpus into tokens.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="model">The shape of the model; pairs that are too long for it are left out.</param>
    /// <param name="tokenizer">The tokenizer of both languages.</param>
    /// <param name="languages">The languages.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">All pairs are too long.</exception>
    public static TranslationData Encode(
        ParallelCorpus corpus, ISequenceToSequenceConfig model, Tokenizer tokenizer, TranslationLanguages languages,
        CancellationToken cancellationToken = default)
    {
        var mark = languages.Mark(tokenizer);
        var data = new TranslationData(Side(corpus.Training), Side(corpus.Validation), corpus.Hash);
        return data.Training.Count > 0 && data.Validation.Count > 0
            ? data
            : throw new InvalidDataException(
                $"All pairs of {corpus.Name} have more than the {model.MaximumLength} tokens that the model takes: give a larger context length.");

        PairDataset Side(IReadOnlyList<SentencePair> pairs) => PairDataset.Encode(
            pairs, pair => languages.EncodeSource(tokenizer, pair.Source, pair.Language), pair => tokenizer.Encode(pair.Target),
            mark, model.MaximumLength, cancellationToken);
    }
}

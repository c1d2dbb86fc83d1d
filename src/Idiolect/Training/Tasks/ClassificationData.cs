using Idiolect.Data;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>Texts as tokens, with the numbers of their labels.</summary>
/// <param name="Texts">[text]: its tokens.</param>
/// <param name="Labels">[text]: the number of its label.</param>
public sealed record LabelledTokens(IReadOnlyList<int[]> Texts, IReadOnlyList<int> Labels)
{
    /// <summary>The tokens of all texts.</summary>
    public long TokenCount => Texts.Sum(text => (long)text.Length);
}

/// <summary>The labelled texts that a classifier learns from and those that it is measured on, as tokens.</summary>
/// <param name="Training">To learn from.</param>
/// <param name="Validation">Held out.</param>
/// <param name="Hash">Identifies the texts and their division; a resume refuses another.</param>
public sealed record ClassificationData(LabelledTokens Training, LabelledTokens Validation, string Hash)
{
    /// <summary>Turns a corpus into tokens.</summary>
    /// <param name="corpus">The texts, whose labels are the classifier's.</param>
    /// <param name="model">The classifier.</param>
    /// <param name="tokenizer">The tokenizer of its backbone.</param>
    /// <exception cref="ArgumentException">A text has a label that the classifier does not know, or is none to its tokenizer.</exception>
    public static ClassificationData Encode(LabelledCorpus corpus, Classifier model, Tokenizer tokenizer)
    {
        var shape = model.Backbone.Config;
        var numbers = model.Labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i);
        return new ClassificationData(Side(corpus.Training), Side(corpus.Validation), corpus.Hash);

        LabelledTokens Side(IReadOnlyList<LabelledText> texts) => new(
            ParallelMap.Run(texts, text => EncodeText.Framed(text.Text, tokenizer, TextVectors.SeesBothSides(shape), Classifier.LongestTextOf(shape))),
            [.. texts.Select(text => numbers.TryGetValue(text.Label, out var number)
                ? number
                : throw new ArgumentException($"The label {text.Label} is none of the classifier's {numbers.Count}.", nameof(corpus)))]);
    }
}

using Idiolect.Data;

namespace Idiolect.Evaluation;

/// <summary>How good translations of held-out sentences are, beside what needs no model.</summary>
/// <param name="Sentences">How many were translated.</param>
/// <param name="Bleu">BLEU with its bootstrap interval of 95%.</param>
/// <param name="ChrF">chrF2.</param>
/// <param name="CopyBleu">BLEU of the sources themselves.</param>
/// <param name="CopyChrF">chrF2 of the sources themselves.</param>
/// <param name="NearestBleu">BLEU of the translations of the nearest training sentences (<see cref="NearestSentence"/>).</param>
/// <param name="NearestChrF">chrF2 of those.</param>
/// <param name="AboveNearest">How much higher the model's BLEU is than the nearest sentences', paired bootstrap.</param>
public sealed record TranslationScores(
    int Sentences, ConfidenceInterval Bleu, double ChrF, double CopyBleu, double CopyChrF, double NearestBleu, double NearestChrF,
    ConfidenceInterval AboveNearest)
{
    /// <summary>Scores translations.</summary>
    /// <param name="translations">One for each pair.</param>
    /// <param name="test">The sentences and their reference translations.</param>
    /// <param name="training">What the model learned from.</param>
    public static TranslationScores Measure(
        IReadOnlyList<string> translations, IReadOnlyList<SentencePair> test, IReadOnlyList<SentencePair> training)
    {
        string[] references = [.. test.Select(pair => pair.Target)];
        string[] sources = [.. test.Select(pair => pair.Source)];
        var index = new NearestSentence(training);
        var nearest = ParallelMap.Run(test, pair => index.Translate(pair.Source, pair.Language));
        return new TranslationScores(
            test.Count,
            PairedBootstrap.Bleu(translations, references),
            Evaluation.ChrF.Score(translations, references),
            Evaluation.Bleu.Score(sources, references),
            Evaluation.ChrF.Score(sources, references),
            Evaluation.Bleu.Score(nearest, references),
            Evaluation.ChrF.Score(nearest, references),
            PairedBootstrap.BleuDifference(translations, nearest, references));
    }
}

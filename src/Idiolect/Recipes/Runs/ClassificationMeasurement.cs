using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;

namespace Idiolect.Recipes;

/// <summary>How well a model classifies the held-out texts of a corpus.</summary>
public static class ClassificationMeasurement
{
    /// <summary>Classifies the held-out texts and scores the labels.</summary>
    /// <param name="classifier">The model.</param>
    /// <param name="corpus">The corpus that it was trained on, divided as it was then.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    public static ClassificationScores Take(
        TextClassifier classifier, LabelledCorpus corpus, int threads = 0, CancellationToken cancellationToken = default)
    {
        var given = classifier.Classify([.. corpus.Validation.Select(text => text.Text)], threads, cancellationToken);
        return ClassificationScores.Measure([.. given.Select(shares => Array.IndexOf(shares, shares.Max()))], corpus, classifier.Model.Labels);
    }
}

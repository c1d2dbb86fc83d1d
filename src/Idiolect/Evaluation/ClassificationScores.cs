using Idiolect.Data;

namespace Idiolect.Evaluation;

/// <summary>How well held-out texts were classified, beside two baselines that need no network.</summary>
public sealed class ClassificationScores
{
    private ClassificationScores(IReadOnlyList<string> labels, int[,] confusion, double majorityAccuracy, int[,] naiveBayes)
    {
        (Labels, Confusion, MajorityAccuracy) = (labels, confusion, majorityAccuracy);
        (Accuracy, MacroF1) = (AccuracyOf(confusion), MacroF1Of(confusion));
        (NaiveBayesAccuracy, NaiveBayesMacroF1) = (AccuracyOf(naiveBayes), MacroF1Of(naiveBayes));
    }

    /// <summary>The labels.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>[right label, given label]: texts.</summary>
    public int[,] Confusion { get; }

    /// <summary>Texts tested.</summary>
    public int Texts => Confusion.Cast<int>().Sum();

    /// <summary>The share of texts whose label is right.</summary>
    public double Accuracy { get; }

    /// <summary>The mean over the labels of F1 = 2 right / (given + right ones), of the labels that occur; a rare label counts as much as a frequent one.</summary>
    public double MacroF1 { get; }

    /// <summary>The accuracy of whoever always gives the label that is the most frequent in the training texts.</summary>
    public double MajorityAccuracy { get; }

    /// <summary>The accuracy of multinomial naive Bayes on words, trained on the same texts.</summary>
    public double NaiveBayesAccuracy { get; }

    /// <summary>Its macro-F1.</summary>
    public double NaiveBayesMacroF1 { get; }

    /// <summary>Compares given labels with the right ones.</summary>
    /// <param name="given">The number of the label given to each held-out text.</param>
    /// <param name="corpus">The texts, and those that the baselines learn from.</param>
    /// <param name="labels">The labels in the order of their numbers.</param>
    /// <exception cref="ArgumentException">There are not as many labels as texts, or a text has a label of none of the names.</exception>
    public static ClassificationScores Measure(IReadOnlyList<int> given, LabelledCorpus corpus, IReadOnlyList<string> labels)
    {
        if (given.Count != corpus.Validation.Count)
        {
            throw new ArgumentException($"{given.Count} labels were given to {corpus.Validation.Count} texts.", nameof(given));
        }
        var numbers = labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i);
        (string Text, int Label)[] training = [.. corpus.Training.Select(text => (text.Text, Number(text)))];
        int[] right = [.. corpus.Validation.Select(Number)];
        var bayes = new NaiveBayes(training, labels.Count);
        var majority = training.Length > 0 ? training.CountBy(text => text.Label).MaxBy(count => count.Value).Key : 0;
        return new ClassificationScores(
            labels, Count(right, given, labels.Count), right.Length > 0 ? right.Average(label => label == majority ? 1.0 : 0) : double.NaN,
            Count(right, [.. corpus.Validation.Select(text => bayes.Classify(text.Text))], labels.Count));

        int Number(LabelledText text) => numbers.TryGetValue(text.Label, out var number)
            ? number
            : throw new ArgumentException($"The label {text.Label} is none of the classifier's.", nameof(corpus));
    }

    private static int[,] Count(int[] right, IReadOnlyList<int> given, int labels)
    {
        var confusion = new int[labels, labels];
        for (var i = 0; i < right.Length; i++)
        {
            confusion[right[i], given[i]]++;
        }
        return confusion;
    }

    private static double AccuracyOf(int[,] confusion)
        => (double)Enumerable.Range(0, confusion.GetLength(0)).Sum(label => confusion[label, label]) / confusion.Cast<int>().Sum();

    private static double MacroF1Of(int[,] confusion)
    {
        var labels = Enumerable.Range(0, confusion.GetLength(0)).ToArray();
        return labels.Select(label => (
                Right: confusion[label, label], Occurring: labels.Sum(other => confusion[label, other]) + labels.Sum(other => confusion[other, label])))
            .Where(label => label.Occurring > 0).Select(label => 2.0 * label.Right / label.Occurring).DefaultIfEmpty(double.NaN).Average();
    }
}

using System.Globalization;
using System.Text;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run that teaches a trained model to classify.</summary>
/// <inheritdoc/>
internal sealed class ClassificationRun(Recipe recipe, string folder, RunSession session)
    : NetworkRun<TextClassifier, LabelledCorpus, ClassificationData>(recipe, folder, session)
{
    protected override LabelledCorpus ReadCorpus(CancellationToken cancellationToken) => Recipe.LoadLabelledTexts();

    protected override TextClassifier Create(LabelledCorpus corpus, CancellationToken cancellationToken)
        => ModelLocation.Open(Recipe.Base!.Model, trained => TextClassifier.Begin(trained, corpus.Labels, Recipe.Seed));

    protected override TextClassifier Load(string checkpoint) => TextClassifier.Load(checkpoint);

    protected override ClassificationData Encode(LabelledCorpus corpus, TextClassifier classifier, CancellationToken cancellationToken)
        => ClassificationData.Encode(corpus, classifier.Model, classifier.Tokenizer);

    protected override ITrainingTask CreateTask(TextClassifier classifier, ClassificationData data, TrainingOptions options)
        => new ClassificationTask(classifier.Model, classifier.Tokenizer, data, options, Recipe.Optimizer.HeadOnly);

    protected override TrainingStarted Describe(TextClassifier classifier, LabelledCorpus corpus, ClassificationData data) => new(0)
    {
        Run = Folder,
        Recipe = Recipe,
        Parameters = classifier.Model.Parameters.Count,
        VocabularySize = classifier.Tokenizer.VocabularySize,
        Documents = corpus.Training.Count + corpus.Validation.Count,
        Bytes = corpus.Training.Concat(corpus.Validation).Sum(text => (long)Encoding.UTF8.GetByteCount(text.Text)),
        TrainTokens = data.Training.TokenCount,
        ValidationTokens = data.Validation.TokenCount,
        TrainTexts = corpus.Training.Count,
        Labels = classifier.Model.Labels,
        Threads = Recipe.Threads ?? Environment.ProcessorCount,
    };

    /// <summary>Measures the best checkpoint on the held-out texts.</summary>
    protected override TrainingFinished Measure(
        TrainingFinished estimated, LabelledCorpus corpus, ClassificationData data, CancellationToken cancellationToken)
    {
        Session.Report(new WorkAnnounced(estimated.Step, $"classifying {corpus.Validation.Count.ToString("#,0", CultureInfo.InvariantCulture)} held-out texts with the best checkpoint"));
        using var best = ModelLocation.Open(Folder, TextClassifier.Load);
        var scores = ClassificationMeasurement.Take(best, corpus, Recipe.Threads ?? 0, cancellationToken);
        return estimated with { Classification = scores, Accuracy = scores.Accuracy, Example = ExampleText.Of(corpus.Validation[0].Text) };
    }
}

using System.Globalization;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run that teaches a trained model to classify.</summary>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal sealed class ClassificationRun(Recipe recipe, string folder, RunSession session)
{
    /// <summary>Begins the run on a trained model. The folder is made when data and model are known to be good, and stays once it holds a checkpoint.</summary>
    /// <param name="corpus">The texts; null to read them.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    internal TrainingFinished Start(LabelledCorpus? corpus, CancellationToken cancellationToken)
    {
        if (corpus is null)
        {
            session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
            corpus = recipe.LoadLabelledTexts();
        }
        using var classifier = ModelLocation.Open(recipe.Base!.Model, trained => TextClassifier.Begin(trained, corpus.Labels, recipe.Seed));
        var data = ClassificationData.Encode(corpus, classifier.Model, classifier.Tokenizer);
        using var pending = new PendingFolder(folder);
        var options = recipe.ToTrainingOptions();
        using var trainer = new Trainer(new ClassificationTask(classifier.Model, classifier.Tokenizer, data, options, recipe.Optimizer.HeadOnly), options, folder);
        return Train(trainer, classifier, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal TrainingFinished Resume(bool allowOtherData, CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        var corpus = recipe.LoadLabelledTexts();
        TextClassifier? classifier = null;
        ClassificationData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    classifier = TextClassifier.Load(checkpoint);
                    data = ClassificationData.Encode(corpus, classifier.Model, classifier.Tokenizer);
                    return new ClassificationTask(classifier.Model, classifier.Tokenizer, data, options, recipe.Optimizer.HeadOnly);
                },
                _ => recipe.ToTrainingOptions(), allowOtherData);
            return Train(trainer, classifier!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            classifier?.Dispose();
        }
    }

    private TrainingFinished Train(
        Trainer trainer, TextClassifier classifier, LabelledCorpus corpus, ClassificationData data, PendingFolder? pending,
        CancellationToken cancellationToken)
    {
        var started = new TrainingStarted(trainer.StepsTaken)
        {
            Run = folder,
            Recipe = recipe,
            Parameters = classifier.Model.Parameters.Count,
            VocabularySize = classifier.Tokenizer.VocabularySize,
            Documents = corpus.Training.Count + corpus.Validation.Count,
            Bytes = corpus.Training.Concat(corpus.Validation).Sum(text => (long)System.Text.Encoding.UTF8.GetByteCount(text.Text)),
            TrainTokens = data.Training.TokenCount,
            ValidationTokens = data.Validation.TokenCount,
            TrainTexts = corpus.Training.Count,
            Labels = classifier.Model.Labels,
            Threads = recipe.Threads ?? Environment.ProcessorCount,
        };
        return session.Train(trainer, started, pending, sample: null, ended => Finish(ended, corpus, cancellationToken), cancellationToken);
    }

    /// <summary>Measures the best checkpoint on the held-out texts; an interrupted run has only the estimates of its evaluations.</summary>
    private TrainingFinished Finish(TrainingEnded ended, LabelledCorpus corpus, CancellationToken cancellationToken)
    {
        var finished = session.Estimate(ended);
        if (finished.Interrupted)
        {
            return finished;
        }
        session.Report(new WorkAnnounced(ended.Step, $"classifying {corpus.Validation.Count.ToString("#,0", CultureInfo.InvariantCulture)} held-out texts with the best checkpoint"));
        using var best = ModelLocation.Open(folder, TextClassifier.Load);
        var scores = ClassificationMeasurement.Take(best, corpus, recipe.Threads ?? 0, cancellationToken);
        return finished with { Classification = scores, Accuracy = scores.Accuracy };
    }
}

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>A run that teaches a trained model to classify, from its texts to the confusion matrix: begins one, or goes on with one.</summary>
/// <param name="setup">All settings.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
internal sealed class ClassificationRun(TrainingSetup setup, string folder, RunFolders runs, ITrainingOutput output)
{
    private readonly TrainingSession session = new(setup, folder, runs, output);

    /// <summary>Begins the run on a trained model. The folder is made when data and model are known to be good, and stays once it holds a checkpoint.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="classifier">The model with a new head.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    internal EndReason Start(LabelledCorpus corpus, TextClassifier classifier, CancellationToken cancellationToken)
    {
        var data = ClassificationData.Encode(corpus, classifier.Model, classifier.Tokenizer);
        using var pending = new PendingFolder(folder);
        var options = setup.ToTraining();
        using var trainer = new Trainer(new ClassificationTask(classifier.Model, classifier.Tokenizer, data, options, setup.Freeze), options, folder);
        return Train(trainer, classifier, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal EndReason Resume(CancellationToken cancellationToken)
    {
        output.Report(new WorkAnnounced(0, $"reading {setup.Data}"));
        var corpus = setup.LoadLabelledTexts();
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
                    return new ClassificationTask(classifier.Model, classifier.Tokenizer, data, options, setup.Freeze);
                },
                _ => setup.ToTraining());
            return Train(trainer, classifier!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            classifier?.Dispose();
        }
    }

    /// <summary>Classifies the held-out texts.</summary>
    internal static ClassificationScores Measure(TextClassifier classifier, LabelledCorpus corpus, int threads, CancellationToken cancellationToken)
    {
        var given = classifier.Classify([.. corpus.Validation.Select(text => text.Text)], threads, cancellationToken);
        return ClassificationScores.Measure([.. given.Select(shares => Array.IndexOf(shares, shares.Max()))], corpus, classifier.Model.Labels);
    }

    private EndReason Train(
        Trainer trainer, TextClassifier classifier, LabelledCorpus corpus, ClassificationData data, PendingFolder? pending,
        CancellationToken cancellationToken)
    {
        var started = new TrainingStarted(trainer.StepsTaken)
        {
            Run = folder,
            Setup = setup,
            Parameters = classifier.Model.Parameters.Count,
            VocabularySize = classifier.Tokenizer.VocabularySize,
            Documents = corpus.Training.Count + corpus.Validation.Count,
            Bytes = corpus.Training.Concat(corpus.Validation).Sum(text => (long)System.Text.Encoding.UTF8.GetByteCount(text.Text)),
            TrainTokens = data.Training.TokenCount,
            ValidationTokens = data.Validation.TokenCount,
            TrainTexts = corpus.Training.Count,
            Labels = classifier.Model.Labels,
            Threads = setup.Threads ?? Environment.ProcessorCount,
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
        output.Report(new WorkAnnounced(ended.Step, $"classifying {TrainingText.Whole(corpus.Validation.Count)} held-out texts with the best checkpoint"));
        using var best = ModelLocation.Open(ModelLocation.Require(folder), TextClassifier.Load);
        var scores = Measure(best, corpus, setup.Threads ?? 0, cancellationToken);
        ConfusionPlot.Save(scores, folder);
        return finished with { Classification = scores, Accuracy = scores.Accuracy };
    }
}

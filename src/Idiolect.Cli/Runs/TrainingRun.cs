using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>A run from its corpus to the loss curve: begins one, or goes on with one.</summary>
/// <param name="setup">All settings.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
/// <param name="measureRivals">Whether methods without a neural network are measured at the end.</param>
internal sealed class TrainingRun(TrainingSetup setup, string folder, RunFolders runs, ITrainingOutput output, bool measureRivals)
{
    private const int SampleTokens = 60;

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal EndReason Start(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        output.Report(new WorkAnnounced(0, setup.Tokenizer == "bpe" ? "training the tokenizer" : "turning text into tokens"));
        var tokenizer = setup.CreateTokenizer(corpus, cancellationToken);
        using var data = TrainingData.Encode(corpus, tokenizer, cancellationToken);
        data.Training.RequireContext(setup.ContextLength);
        using var model = new LanguageModel(new Gpt(setup.ToModel(tokenizer.VocabularySize, tokenizer.BeginningOfTextId), setup.Seed), tokenizer);
        using var pending = new PendingFolder(folder);
        using var trainer = new Trainer(model, data, setup.ToTraining(), folder);
        return Train(trainer, model, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal EndReason Resume(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        TrainingData? data = null;
        try
        {
            var trainer = Trainer.Resume(
                folder, tokenizer => data = TrainingData.Encode(corpus, tokenizer, cancellationToken), _ => setup.ToTraining(), out var model);
            using (model)
            using (trainer)
            {
                return Train(trainer, model, corpus, data!, pending: null, cancellationToken);
            }
        }
        finally
        {
            data?.Dispose();
        }
    }

    private Corpus LoadCorpus()
    {
        output.Report(new WorkAnnounced(0, $"reading {setup.Data}"));
        return setup.LoadCorpus();
    }

    private EndReason Train(
        Trainer trainer, LanguageModel model, Corpus corpus, TrainingData data, PendingFolder? pending, CancellationToken cancellationToken)
    {
        RunFile.WriteSetup(folder, setup with { Data = PathThatLasts(setup.Data) });
        output.Report(Describe(trainer, model, corpus, data));
        var ended = trainer.Run(new Listener(news => Hear(news, model, pending)), cancellationToken);
        LossPlot.Save(TrainingHistory.Read(folder), folder);
        output.Report(ended.Reason == EndReason.Interrupted ? Interrupted(ended) : Completed(ended, corpus, data, cancellationToken));
        return ended.Reason;
    }

    private void Hear(TrainingProgress news, LanguageModel model, PendingFolder? pending)
    {
        if (news is CheckpointSaved)
        {
            pending?.Keep();
            runs.Remember(folder);
        }
        output.Report(news);
        if (news is EvaluationCompleted evaluation && double.IsFinite(evaluation.ValidationLoss))
        {
            output.Report(new TextSampled(news.Step, Sample(model)));
        }
    }

    /// <summary>A text from nothing. It reads the weights only, so the run is the same with and without it.</summary>
    private string Sample(LanguageModel model)
    {
        var options = new GenerationOptions { MaxTokens = SampleTokens, Seed = setup.Seed, Threads = setup.Threads ?? 0 };
        return string.Concat(model.GenerateAsync("", options).ToBlockingEnumerable());
    }

    private TrainingStarted Describe(Trainer trainer, LanguageModel model, Corpus corpus, TrainingData data)
    {
        var threads = setup.Threads ?? Environment.ProcessorCount;
        return new TrainingStarted(trainer.StepsTaken)
        {
            Run = folder,
            Setup = setup,
            Parameters = model.Model.Config.ParameterCount,
            VocabularySize = model.Tokenizer.VocabularySize,
            Documents = corpus.Training.Count + corpus.Validation.Count,
            Bytes = corpus.TrainingBytes + corpus.ValidationBytes,
            TrainTokens = data.Training.TokenCount,
            ValidationTokens = data.Validation?.TokenCount ?? 0,
            Threads = threads,
            PeakTokensPerSecond = MachinePeak.MeasureGflops(threads) * 1e9 / model.Model.Config.TrainingFlopsPerToken,
        };
    }

    /// <summary>An interrupted run has only the estimates of its evaluations.</summary>
    private TrainingFinished Interrupted(TrainingEnded ended)
    {
        var best = TrainingHistory.Read(folder).Best;
        return Finished(ended, best?.ValidationLoss ?? double.NaN, best?.BitsPerByte ?? double.NaN);
    }

    /// <summary>Measures the best checkpoint on all of the validation text, and the rivals beside it.</summary>
    private TrainingFinished Completed(TrainingEnded ended, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
    {
        if (data.Validation is null)
        {
            return Finished(ended, double.NaN, double.NaN);
        }
        output.Report(new WorkAnnounced(ended.Step, "measuring the best checkpoint on all of the held-out text"));
        Measurement measured;
        using (var best = ModelLocation.Load(folder))
        {
            measured = Measurement.Take(best, data.Validation, batches: 0, setup.Threads ?? 0, cancellationToken);
        }
        return Finished(ended, measured.Result.Loss, measured.Result.BitsPerByte) with
        {
            MeasuredBytes = measured.Bytes,
            Rivals = measureRivals ? MeasureRivals(ended, corpus, cancellationToken) : [],
        };
    }

    private RivalResult[] MeasureRivals(TrainingEnded ended, Corpus corpus, CancellationToken cancellationToken)
    {
        output.Report(new WorkAnnounced(ended.Step, "measuring the rivals: xz and a byte n-gram"));
        var xz = XzRival.MeasureAsync(corpus, cancellationToken: cancellationToken);
        var nGram = NGramRival.Measure(corpus, cancellationToken: cancellationToken);
        return [xz.GetAwaiter().GetResult(), nGram];
    }

    private TrainingFinished Finished(TrainingEnded ended, double validationLoss, double bitsPerByte) => new(ended.Step)
    {
        Run = folder,
        ValidationLoss = validationLoss,
        BitsPerByte = bitsPerByte,
        TrainTime = TimeSpan.FromSeconds(ended.TrainSeconds),
        Reason = ended.Reason,
    };

    // A run may be resumed from another folder than it was started in.
    internal static string PathThatLasts(string source)
        => source is Corpus.DotnetDocs or ParallelCorpus.DotnetResources ? source : Path.GetFullPath(source);

    internal sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}

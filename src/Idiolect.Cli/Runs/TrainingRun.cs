using System.Diagnostics;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Cli.Runs;

/// <summary>A run from its corpus to the loss curve: begins one, or goes on with one.</summary>
/// <param name="setup">All settings.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="runs">Where the latest run is remembered.</param>
/// <param name="output">Shows the progress.</param>
/// <param name="measureBaselines">Whether methods without a neural network are measured at the end.</param>
internal sealed class TrainingRun(TrainingSetup setup, string folder, RunFolders runs, ITrainingOutput output, bool measureBaselines)
{
    private const int SampleTokens = 60;

    private readonly TrainingSession session = new(setup, folder, runs, output);

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal EndReason Start(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        output.Report(new WorkAnnounced(0, setup.Tokenizer == "bpe" ? "training the tokenizer" : "turning text into tokens"));
        var tokenizer = setup.CreateTokenizer(corpus, cancellationToken);
        using var data = TrainingData.Encode(corpus, tokenizer, cancellationToken);
        if (setup.IsNGram)
        {
            return Count(corpus, tokenizer, data, cancellationToken);
        }
        data.Training.RequireContext(setup.ContextLength);
        using var model = new LanguageModel(setup.CreateModel(tokenizer), tokenizer);
        using var pending = new PendingFolder(folder);
        var options = setup.ToTraining();
        using var trainer = new Trainer(new LanguageModelTask(model.Model, model.Tokenizer, data, options), options, folder);
        return Train(trainer, model, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal EndReason Resume(CancellationToken cancellationToken)
    {
        var corpus = LoadCorpus();
        if (setup.IsNGram)
        {
            return MeasureAgain(corpus, cancellationToken);
        }
        LanguageModel? model = null;
        TrainingData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    model = LanguageModel.Load(checkpoint);
                    data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
                    return new LanguageModelTask(model.Model, model.Tokenizer, data, options);
                },
                _ => setup.ToTraining());
            return Train(trainer, model!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            model?.Dispose();
            data?.Dispose();
        }
    }

    /// <summary>An n-gram model takes no steps: its text is counted once, and the run is complete.</summary>
    private EndReason Count(Corpus corpus, Tokenizer tokenizer, TrainingData data, CancellationToken cancellationToken)
    {
        output.Report(new WorkAnnounced(0, $"counting n-grams of up to {setup.Order} tokens"));
        using var pending = new PendingFolder(folder);
        using var held = RunLock.Create(folder);
        if (new CheckpointStore(folder).Checkpoints.Count > 0)
        {
            throw new IOException($"'{folder}' holds a run already: choose another folder.");
        }
        var watch = Stopwatch.StartNew();
        var tokens = new int[data.Training.TokenCount];
        data.Training.CopyTo(0, tokens);
        using var model = new LanguageModel(
            NGram.Train(tokens, tokenizer.VocabularySize, setup.Order, tokenizer.BeginningOfTextId, cancellationToken), tokenizer);
        var milliseconds = watch.Elapsed.TotalMilliseconds;
        RunFile.WriteSetup(folder, setup with { Data = TrainingSession.PathThatLasts(setup.Data) });
        output.Report(Describe(stepsTaken: 0, model, corpus, data));
        using var metrics = MetricsLog.Open(Path.Combine(folder, MetricsLog.FileName), 0);
        var training = Measurement.Take(model, data.Training, setup.EvaluationBatches, threads: 0, cancellationToken).Result;
        Report(new StepCompleted(1, training.Loss, 0, 0, milliseconds, tokens.Length / milliseconds * 1000));
        var validation = data.Validation is { } heldOut ? Measurement.Take(model, heldOut, 0, threads: 0, cancellationToken).Result : (EvaluationResult?)null;
        if (validation is { } measured)
        {
            Report(new EvaluationCompleted(1, training.Loss, measured.Loss, measured.BitsPerByte, IsBest: true));
        }
        var checkpoint = new CheckpointStore(folder, setup.KeepCheckpoints).Save(1, model.Save, validation?.Loss);
        try
        {
            Report(new CheckpointSaved(checkpoint.Step, checkpoint.Path));
            var ended = new TrainingEnded(1, EndReason.Completed, validation?.Loss, milliseconds / 1000);
            metrics.Append(ended);
            output.Report(Completed(ended, corpus, data, cancellationToken) with { IsComplete = true });
            return EndReason.Completed;
        }
        catch (BrokenPipeException exception)
        {
            throw session.Saved(exception, checkpoint.Step);
        }

        void Report(TrainingProgress news)
        {
            metrics.Append(news);
            session.Hear(news, pending, () => Sample(model));
        }
    }

    /// <summary>A run that is complete has nothing to go on with; it says again what it reached.</summary>
    private EndReason MeasureAgain(Corpus corpus, CancellationToken cancellationToken)
    {
        using var model = ModelLocation.Load(folder);
        using var data = TrainingData.Encode(corpus, model.Tokenizer, cancellationToken);
        output.Report(Describe(stepsTaken: 1, model, corpus, data));
        output.Report(Completed(new TrainingEnded(1, EndReason.Completed, null, 0), corpus, data, cancellationToken) with { IsComplete = true });
        return EndReason.Completed;
    }

    private Corpus LoadCorpus()
    {
        output.Report(new WorkAnnounced(0, $"reading {setup.Data}"));
        return setup.LoadCorpus();
    }

    private EndReason Train(
        Trainer trainer, LanguageModel model, Corpus corpus, TrainingData data, PendingFolder? pending, CancellationToken cancellationToken)
        => session.Train(
            trainer, Describe(trainer.StepsTaken, model, corpus, data), pending, () => Sample(model),
            ended => ended.Reason == EndReason.Interrupted ? session.Estimate(ended) : Completed(ended, corpus, data, cancellationToken), cancellationToken);

    /// <summary>A text from nothing. It reads the weights only, so the run is the same with and without it.</summary>
    private string Sample(LanguageModel model)
    {
        var options = new GenerationOptions { MaxTokens = SampleTokens, Seed = setup.Seed, Threads = setup.Threads ?? 0 };
        return string.Concat(model.GenerateAsync("", options).ToBlockingEnumerable());
    }

    private TrainingStarted Describe(long stepsTaken, LanguageModel model, Corpus corpus, TrainingData data)
    {
        var threads = setup.Threads ?? Environment.ProcessorCount;
        return new TrainingStarted(stepsTaken)
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
            PeakTokensPerSecond = model.Model.Config.TrainingFlopsPerToken is > 0 and var flops ? MachinePeak.MeasureGflops(threads, setup.ToTraining().Precision) * 1e9 / flops : null,
        };
    }

    /// <summary>Measures the best checkpoint on all of the validation text, and the baselines beside it.</summary>
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
            Baselines = measureBaselines ? MeasureBaselines(ended, corpus, cancellationToken) : [],
        };
    }

    private BaselineResult[] MeasureBaselines(TrainingEnded ended, Corpus corpus, CancellationToken cancellationToken)
    {
        output.Report(new WorkAnnounced(ended.Step, "measuring the baselines: xz and a byte n-gram"));
        var xz = XzBaseline.MeasureAsync(corpus, cancellationToken: cancellationToken);
        var nGram = NGramBaseline.Measure(corpus, cancellationToken: cancellationToken);
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
}

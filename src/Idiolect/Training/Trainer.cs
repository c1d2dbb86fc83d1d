using System.Diagnostics;
using System.Globalization;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Training;

/// <summary>
/// Trains a model and keeps the run on disk. A run is a pure function of the model's first weights, the data and the
/// options: stopped anywhere and resumed, on any number of threads, it ends with the same bytes.
/// </summary>
public sealed unsafe class Trainer : IDisposable
{
    private const int BadStepsBeforeGivingUp = 3;
    private const string MomentsName = "optimizer.safetensors";

    private readonly ITrainee _trainee;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly TrainingStep _step;
    private readonly CheckpointStore _checkpoints;
    private readonly string _runFolder;
    private readonly RunLock _lock;
    private readonly bool _madeFolder;
    private readonly IReadOnlyList<CheckpointDamaged> _damaged = [];
    private TrainingState _state;

    /// <summary>Prepares a new run.</summary>
    /// <param name="model">The model, trained in place; the caller keeps it.</param>
    /// <param name="data">The tokens; the caller keeps them.</param>
    /// <param name="options">How to train.</param>
    /// <param name="runFolder">Where checkpoints and metrics go; made if need be.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidDataException">The text is shorter than the context.</exception>
    /// <exception cref="IOException">The folder holds a run already, or another process works in it.</exception>
    public Trainer(LanguageModel model, TrainingData data, TrainingOptions options, string runFolder)
        : this(new LanguageModelTrainee(model, data, options), options, runFolder, held: null, resumed: null, damaged: [])
    {
    }

    /// <summary>Prepares a new run that learns to translate.</summary>
    /// <param name="translator">The model, trained in place; the caller keeps it.</param>
    /// <param name="data">The sentence pairs.</param>
    /// <param name="options">How to train; the batch size counts the tokens of a batch's longer side.</param>
    /// <param name="runFolder">Where checkpoints and metrics go; made if need be.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The folder holds a run already, or another process works in it.</exception>
    public Trainer(Translator translator, TranslationData data, TrainingOptions options, string runFolder)
        : this(new TranslationTrainee(translator, data, options), options, runFolder, held: null, resumed: null, damaged: [])
    {
    }

    private Trainer(
        ITrainee trainee, TrainingOptions options, string runFolder, RunLock? held, Checkpoint? resumed,
        IReadOnlyList<CheckpointDamaged> damaged)
    {
        (_trainee, _options, _runFolder, _damaged) = (trainee, options, runFolder, damaged);
        _schedule = LearningRateSchedule.From(options);
        _checkpoints = new CheckpointStore(runFolder, options.KeepCheckpoints);
        _state = new TrainingState(0, 0, 0, 0, null, null, trainee.DataHash, trainee.TokenizerHash, options);

        _madeFolder = !Directory.Exists(runFolder);
        _lock = held ?? RunLock.Create(runFolder);
        try
        {
            if (resumed == null && _checkpoints.Checkpoints.Count > 0)
            {
                throw new IOException($"'{runFolder}' holds a run already: continue it with --resume, or choose another folder.");
            }
            _step = new TrainingStep(trainee, options);
            if (resumed != null)
            {
                Restore(resumed);
            }
        }
        catch
        {
            _step?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The steps taken so far.</summary>
    public long StepsTaken => _state.Step;

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options => _options;

    /// <summary>The bytes that tensors of a step took at most.</summary>
    public long PeakStepBytes => _step.Tape.PeakBytes;

    /// <summary>Continues a run from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The tokens it was begun with, given the tokenizer of its checkpoint.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="languageModel">The model as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since.</exception>
    public static Trainer Resume(
        string runFolder, Func<Tokenizer, TrainingData> data, Func<TrainingOptions, TrainingOptions>? change, out LanguageModel languageModel)
    {
        LanguageModel? loaded = null;
        try
        {
            var trainer = Resume(runFolder, change, (checkpoint, state, options) =>
            {
                loaded = LanguageModel.Load(checkpoint);
                var tokens = data(loaded.Tokenizer);
                state.EnsureSameInputs(tokens.Hash, loaded.Tokenizer.Hash);
                return new LanguageModelTrainee(loaded, tokens, options);
            });
            languageModel = loaded!;
            return trainer;
        }
        catch
        {
            loaded?.Dispose();
            throw;
        }
    }

    /// <summary>Continues a run that learns to translate from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The pairs it was begun with, given the translator of its checkpoint.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="translator">The model as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since.</exception>
    public static Trainer ResumeTranslation(
        string runFolder, Func<Translator, TranslationData> data, Func<TrainingOptions, TrainingOptions>? change, out Translator translator)
    {
        Translator? loaded = null;
        try
        {
            var trainer = Resume(runFolder, change, (checkpoint, state, options) =>
            {
                loaded = Translator.Load(checkpoint);
                var pairs = data(loaded);
                state.EnsureSameInputs(pairs.Hash, loaded.Tokenizer.Hash);
                return new TranslationTrainee(loaded, pairs, options);
            });
            translator = loaded!;
            return trainer;
        }
        catch
        {
            loaded?.Dispose();
            throw;
        }
    }

    /// <summary>Continues a run of any kind.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="change">Changes the stored options; null to keep them.</param>
    /// <param name="load">Makes what is trained from a checkpoint's folder, its state, with whose data it compares, and the options.</param>
    private static Trainer Resume(
        string runFolder, Func<TrainingOptions, TrainingOptions>? change, Func<string, TrainingState, TrainingOptions, ITrainee> load)
    {
        var store = new CheckpointStore(runFolder);
        if (store.Checkpoints.Count == 0)
        {
            throw NothingToContinue(runFolder, Directory.Exists(runFolder) ? "it has none" : "there is no such folder");
        }
        // Locked before anything is read: whoever holds the run may be adding and removing checkpoints right now.
        var held = RunLock.Acquire(runFolder);
        try
        {
            var checkpoint = store.FindNewestIntact(out var damaged)
                ?? throw NothingToContinue(runFolder, damaged.Count == 0 ? "it has none" : $"all are damaged: {damaged[0].Reason}");
            var state = TrainingState.Read(checkpoint.Path);
            var options = change == null ? state.Options : change(state.Options);
            return new Trainer(load(checkpoint.Path, state, options), options, runFolder, held, checkpoint, damaged);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Trains until the last step, an early stop, or cancellation, which finishes the step and saves.</summary>
    /// <param name="progress">Told of every step, evaluation and checkpoint, on this thread.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    /// <exception cref="TrainingDivergedException">Three steps in a row were not finite.</exception>
    /// <exception cref="IOException">A checkpoint could not be written; the ones before are intact.</exception>
    public TrainingEnded Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var metrics = MetricsLog.Open(Path.Combine(_runFolder, MetricsLog.FileName), _state.Step);
        var watch = Stopwatch.StartNew();
        foreach (var damaged in _damaged)
        {
            Report(damaged);
        }
        if (_state.Step == 0)
        {
            Save(isBest: false); // a disk that takes no checkpoint is found before hours of training, and a run can be resumed from the start
        }
        var reason = EndReason.Completed;
        while (_state.Step < _options.Steps)
        {
            if (_options.EarlyStopPatience <= _state.EvaluationsWithoutImprovement)
            {
                reason = EndReason.EarlyStop;
                break;
            }
            if (cancellationToken.IsCancellationRequested)
            {
                reason = EndReason.Interrupted;
                break;
            }
            Report(TakeStep());
            var last = _state.Step == _options.Steps;
            var isBest = IsDue(_options.EvaluateEvery, last) && Evaluate();
            if (isBest || IsDue(_options.CheckpointEvery, last))
            {
                Save(isBest);
            }
        }
        Save(isBest: false); // does nothing when this step is saved already
        if (FirstBadParameter() is { } spoiled)
        {
            throw Diverged($"the value of {spoiled.Name} is not finite, and the run ends here");
        }
        var ended = new TrainingEnded(_state.Step, reason, _state.BestValidationLoss, watch.Elapsed.TotalSeconds);
        Report(ended);
        return ended;

        void Report(TrainingProgress news)
        {
            metrics.Append(news);
            progress?.Report(news);
        }

        bool Evaluate()
        {
            if (Measure() is not { } evaluation)
            {
                return false;
            }
            Report(evaluation);
            return evaluation.IsBest;
        }

        void Save(bool isBest)
        {
            if ((_savedStep == _state.Step && !isBest) || FirstBadParameter() != null)
            {
                return; // a model with a NaN in it is nothing to continue from: the checkpoint before is
            }
            var checkpoint = _checkpoints.Save(_state.Step, Fill, isBest ? _state.BestValidationLoss : null);
            _savedStep = _state.Step;
            Report(new CheckpointSaved(checkpoint.Step, checkpoint.Path));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        if (_madeFolder && _checkpoints.Checkpoints.Count == 0)
        {
            RemoveEmptyRun();
        }
        _lock.Dispose();
    }

    private long _savedStep = -1;

    private bool IsDue(long every, bool last) => last || (every > 0 && _state.Step % every == 0);

    /// <summary>One update: forward and backward over the micro-steps, then the optimiser, unless a number is not finite.</summary>
    private TrainingProgress TakeStep()
    {
        var watch = Stopwatch.StartNew();
        var step = _state.Step;
        var (loss, norm, size) = _step.ComputeGradients(step);
        var finite = double.IsFinite(loss) && double.IsFinite(norm);
        _state = _state with
        {
            Step = step + 1,
            Position = _state.Position + size.Sequences,
            ConsecutiveBadSteps = finite ? 0 : _state.ConsecutiveBadSteps + 1,
            SkippedSteps = _state.SkippedSteps + (finite ? 0 : 1),
        };
        if (!finite)
        {
            return Skip(loss);
        }
        var learningRate = _schedule.At(step);
        _step.Update(step - _state.SkippedSteps, learningRate, norm);
        var milliseconds = watch.Elapsed.TotalMilliseconds;
        return new StepCompleted(step + 1, loss, learningRate, norm, milliseconds, size.Tokens / milliseconds * 1000);
    }

    /// <summary>Throws the step's gradients away and says which tensor went bad first, in the order of the model.</summary>
    private StepSkipped Skip(double loss)
    {
        var parameters = _trainee.Parameters;
        var bad = FirstBadParameter();
        var what = "value";
        if (bad == null)
        {
            bad = parameters.All.FirstOrDefault(parameter => Finite.FirstBad(parameter.Gradient, parameter.Count) >= 0);
            what = "gradient";
        }
        parameters.ZeroGradients();
        var reason = bad != null ? $"the {what} of {bad.Name} is not finite" : $"the loss is {loss}";
        if (_state.ConsecutiveBadSteps >= BadStepsBeforeGivingUp)
        {
            throw Diverged($"{reason}, the third such step in a row");
        }
        return new StepSkipped(_state.Step, reason, bad?.Name ?? "loss");
    }

    private Parameter? FirstBadParameter()
        => _trainee.Parameters.All.FirstOrDefault(parameter => Finite.FirstBad(parameter.Data, parameter.Count) >= 0);

    private TrainingDivergedException Diverged(string reason)
        => new(string.Create(
            CultureInfo.InvariantCulture,
            $"Step {_state.Step}: {reason}. Continue from the last checkpoint with a lower learning rate (it was {_schedule.At(_state.Step - 1):G3}) or a longer warm-up."));

    private EvaluationCompleted? Measure()
    {
        if (_trainee.Measure(_step.Tape) is not var (training, validation))
        {
            return null;
        }
        var isBest = double.IsFinite(validation.Loss) && !(_state.BestValidationLoss <= validation.Loss);
        _state = isBest
            ? _state with { BestStep = _state.Step, BestValidationLoss = validation.Loss, EvaluationsWithoutImprovement = 0 }
            : _state with { EvaluationsWithoutImprovement = _state.EvaluationsWithoutImprovement + 1 };
        return new EvaluationCompleted(_state.Step, training.Loss, validation.Loss, validation.BitsPerByte, isBest);
    }

    private void Fill(string folder)
    {
        _trainee.Save(folder);
        var trainer = Path.Combine(folder, TrainingState.FolderName);
        Directory.CreateDirectory(trainer);
        _step.Optimizer.Save(Path.Combine(trainer, MomentsName));
        _state.Write(folder);
    }

    private void Restore(Checkpoint checkpoint)
    {
        var state = TrainingState.Read(checkpoint.Path);
        _step.Optimizer.Load(Path.Combine(checkpoint.Path, TrainingState.FolderName, MomentsName));
        _checkpoints.DiscardAfter(checkpoint.Step);
        if (state is { BestStep: { } bestStep, BestValidationLoss: { } bestLoss }
            && _checkpoints.Checkpoints.Any(saved => saved.Step == bestStep))
        {
            _checkpoints.MarkBest(bestStep, bestLoss);
        }
        else
        {
            _checkpoints.ForgetBest();
        }
        _state = state with { Options = _options };
        _savedStep = checkpoint.Step;
    }

    /// <summary>
    /// A run that failed before its first checkpoint is no run: a folder made for it goes, unless somebody put more into it.
    /// </summary>
    private void RemoveEmptyRun()
    {
        try
        {
            File.Delete(Path.Combine(_runFolder, MetricsLog.FileName));
            if (Directory.Exists(Path.Combine(_runFolder, "checkpoints")))
            {
                Directory.Delete(Path.Combine(_runFolder, "checkpoints"));
            }
            if (!Directory.EnumerateFileSystemEntries(_runFolder).Any(path => Path.GetFileName(path) != RunLock.FileName))
            {
                Directory.Delete(_runFolder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What stands in the way of tidying up is the reason of the failure, which is being reported.
        }
    }

    private static FileNotFoundException NothingToContinue(string runFolder, string why)
        => new($"'{runFolder}' has no checkpoint to continue from ({why}).", runFolder);
}

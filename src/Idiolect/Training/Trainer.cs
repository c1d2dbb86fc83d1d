using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
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

    private readonly LanguageModel _languageModel;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly BatchSampler _sampler;
    private readonly LossEvaluation? _trainingEvaluation;
    private readonly LossEvaluation? _validation;
    private readonly AdamWOptimizer _optimizer;
    private readonly Team _team;
    private readonly Tape _tape;
    private readonly ForwardContext _context;
    private readonly CheckpointStore _checkpoints;
    private readonly string _runFolder;
    private readonly RunLock _lock;
    private readonly bool _madeFolder;
    private readonly int[] _inputs; // (batch, context)
    private readonly int[] _targets; // (batch, context)
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
        : this(model, data, options, runFolder, held: null, resumed: null, damaged: [])
    {
    }

    private Trainer(
        LanguageModel model, TrainingData data, TrainingOptions options, string runFolder, RunLock? held, Checkpoint? resumed,
        IReadOnlyList<CheckpointDamaged> damaged)
    {
        options.Validate();
        ModelFolder.RequireSavable(model.Model.Config);
        var context = options.ContextLength ?? model.Model.Config.ContextLength;
        if (context > model.Model.Config.ContextLength)
        {
            throw new ArgumentException(
                $"ContextLength is {context}; the model's is only {model.Model.Config.ContextLength}.", nameof(options));
        }
        data.Training.RequireContext(context);
        (_languageModel, _options, _runFolder, _damaged) = (model, options, runFolder, damaged);
        _schedule = LearningRateSchedule.From(options);
        _sampler = new BatchSampler(data.Training, options.BatchSize, context, options.Seed, options.GradientAccumulation);
        if (data.Validation != null)
        {
            _trainingEvaluation = new LossEvaluation(data.Training, model.Tokenizer, options.BatchSize, context, options.EvaluationBatches);
            _validation = new LossEvaluation(data.Validation, model.Tokenizer, options.BatchSize, context, options.EvaluationBatches);
        }
        _inputs = new int[options.BatchSize * context];
        _targets = new int[options.BatchSize * context];
        _checkpoints = new CheckpointStore(runFolder, options.KeepCheckpoints);
        _state = new TrainingState(0, 0, 0, 0, null, null, data.Hash, HashOf(model.Tokenizer), options);

        _madeFolder = !Directory.Exists(runFolder);
        _lock = held ?? RunLock.Create(runFolder);
        try
        {
            if (resumed == null && _checkpoints.Checkpoints.Count > 0)
            {
                throw new IOException($"'{runFolder}' holds a run already: continue it with --resume, or choose another folder.");
            }
            _optimizer = new AdamWOptimizer(model.Model.Parameters, options);
            _team = new Team(options.Threads == 0 ? Environment.ProcessorCount : options.Threads, IsaSelector.Default);
            _tape = new Tape(_team) { Precision = options.Precision };
            _context = new ForwardContext(_tape) { Training = true };
            model.Model.Parameters.ZeroGradients();
            if (resumed != null)
            {
                Restore(resumed);
            }
        }
        catch
        {
            _optimizer?.Dispose();
            _tape?.Dispose();
            _team?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The steps taken so far.</summary>
    public long StepsTaken => _state.Step;

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options => _options;

    /// <summary>The bytes that tensors of a step took at most.</summary>
    public long PeakStepBytes => _tape.PeakBytes;

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
        var store = new CheckpointStore(runFolder);
        if (store.Checkpoints.Count == 0)
        {
            throw NothingToContinue(runFolder, Directory.Exists(runFolder) ? "it has none" : "there is no such folder");
        }
        // Locked before anything is read: whoever holds the run may be adding and removing checkpoints right now.
        var held = RunLock.Acquire(runFolder);
        LanguageModel? loaded = null;
        try
        {
            var checkpoint = store.FindNewestIntact(out var damaged)
                ?? throw NothingToContinue(runFolder, damaged.Count == 0 ? "it has none" : $"all are damaged: {damaged[0].Reason}");
            var state = TrainingState.Read(checkpoint.Path);
            languageModel = loaded = LanguageModel.Load(checkpoint.Path);
            var tokens = data(loaded.Tokenizer);
            state.EnsureSameInputs(tokens.Hash, HashOf(loaded.Tokenizer));
            var options = change == null ? state.Options : change(state.Options);
            return new Trainer(loaded, tokens, options, runFolder, held, checkpoint, damaged);
        }
        catch
        {
            loaded?.Dispose();
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
        _tape.Dispose();
        _team.Dispose();
        _optimizer.Dispose();
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
        var loss = 0.0;
        for (var micro = 0; micro < _options.GradientAccumulation; micro++)
        {
            loss += Accumulate(step, micro) / _options.GradientAccumulation;
        }
        var parameters = _languageModel.Model.Parameters;
        var norm = Math.Sqrt(SquaredNorm.Compute(_team, parameters.Gradients, parameters.FlatLength));
        var finite = double.IsFinite(loss) && double.IsFinite(norm);
        _state = _state with
        {
            Step = step + 1,
            Position = _state.Position + ((long)_options.BatchSize * _options.GradientAccumulation),
            ConsecutiveBadSteps = finite ? 0 : _state.ConsecutiveBadSteps + 1,
        };
        if (!finite)
        {
            return Skip(loss);
        }
        var learningRate = _schedule.At(step);
        var clip = _options.GradientClip > 0 && norm > _options.GradientClip ? _options.GradientClip / norm : 1.0;
        _optimizer.Step(_team, step, learningRate, clip);
        var milliseconds = watch.Elapsed.TotalMilliseconds;
        var tokens = (double)_inputs.Length * _options.GradientAccumulation;
        return new StepCompleted(step + 1, loss, learningRate, norm, milliseconds, tokens / milliseconds * 1000);
    }

    private double Accumulate(long step, int micro)
    {
        _sampler.Fill(step, micro, _inputs, _targets);
        _context.SetRandomKey(_options.Seed, step, micro);
        var loss = _languageModel.Model.Loss(_inputs, _targets, _options.BatchSize, _context, 1f / _options.GradientAccumulation);
        var value = loss.Item();
        _tape.Backward(loss);
        _tape.Reset();
        return value;
    }

    /// <summary>Throws the step's gradients away and says which tensor went bad first, in the order of the model.</summary>
    private StepSkipped Skip(double loss)
    {
        var parameters = _languageModel.Model.Parameters;
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
        => _languageModel.Model.Parameters.All.FirstOrDefault(parameter => Finite.FirstBad(parameter.Data, parameter.Count) >= 0);

    private TrainingDivergedException Diverged(string reason)
        => new(string.Create(
            CultureInfo.InvariantCulture,
            $"Step {_state.Step}: {reason}. Continue from the last checkpoint with a lower learning rate (it was {_schedule.At(_state.Step - 1):G3}) or a longer warm-up."));

    private EvaluationCompleted? Measure()
    {
        if (_validation == null || _trainingEvaluation == null)
        {
            return null;
        }
        var training = _trainingEvaluation.Measure(_languageModel.Model, _tape);
        var validation = _validation.Measure(_languageModel.Model, _tape);
        var isBest = double.IsFinite(validation.Loss) && !(_state.BestValidationLoss <= validation.Loss);
        _state = isBest
            ? _state with { BestStep = _state.Step, BestValidationLoss = validation.Loss, EvaluationsWithoutImprovement = 0 }
            : _state with { EvaluationsWithoutImprovement = _state.EvaluationsWithoutImprovement + 1 };
        return new EvaluationCompleted(_state.Step, training.Loss, validation.Loss, validation.BitsPerByte, isBest);
    }

    private void Fill(string folder)
    {
        _languageModel.Save(folder);
        var trainer = Path.Combine(folder, TrainingState.FolderName);
        Directory.CreateDirectory(trainer);
        _optimizer.Save(Path.Combine(trainer, MomentsName));
        _state.Write(folder);
    }

    private void Restore(Checkpoint checkpoint)
    {
        var state = TrainingState.Read(checkpoint.Path);
        _optimizer.Load(Path.Combine(checkpoint.Path, TrainingState.FolderName, MomentsName));
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

    /// <summary>The hash of everything that decides how text becomes tokens: the tokenizer's own file.</summary>
    private static string HashOf(Tokenizer tokenizer) => Convert.ToHexStringLower(SHA256.HashData(tokenizer.ToJson()));
}

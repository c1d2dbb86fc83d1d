using System.Diagnostics;
using System.Globalization;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// Trains a model and keeps the run on disk. A run is a pure function of the model's first weights, the data and the
/// options: stopped anywhere and resumed, on any number of threads, it ends with the same bytes.
/// </summary>
public sealed partial class Trainer : IDisposable
{
    private const int BadStepsBeforeGivingUp = 3;

    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly TrainingStep _step;
    private readonly RunFolder _folder;
    private readonly IReadOnlyList<TrainingProgress> _beginning = []; // what is reported first
    private TrainingState _state;
    private int _running; // 1 while Run is
    private long _savedStep = -1;

    /// <summary>Prepares a new run.</summary>
    /// <param name="task">What is trained, and on what. The trainer disposes it, also where it refuses; the task's model and data stay their owner's.</param>
    /// <param name="options">How to train; the ones that the task was made with.</param>
    /// <param name="runFolder">Where checkpoints and metrics go; made if need be.</param>
    /// <param name="optimizer">Makes an optimiser of one's own, which the trainer disposes; null for the options' one.</param>
    /// <param name="synchronizer">
    /// Joins several processes that train one model, each with a run folder of its own; null for this one alone. The caller keeps it.
    /// </param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The folder holds a run already, or another process works in it.</exception>
    public Trainer(
        ITrainingTask task, TrainingOptions options, string runFolder, Func<ParameterSet, TrainingOptions, Optimizer>? optimizer = null,
        IGradientSynchronizer? synchronizer = null)
        : this(task, options, runFolder, optimizer, synchronizer, resumed: null)
    {
    }

    private Trainer(
        ITrainingTask task, TrainingOptions options, string runFolder, Func<ParameterSet, TrainingOptions, Optimizer>? optimizer,
        IGradientSynchronizer? synchronizer, ResumedRun? resumed)
    {
        (_task, _options) = (task, options);
        try
        {
            options.Validate();
            _schedule = LearningRateSchedule.From(options);
            _state = new TrainingState(0, 0, 0, 0, null, null, task.DataHash, task.TokenizerHash, options);
            _folder = new RunFolder(runFolder, options.KeepCheckpoints, resumed?.Held);
            if (resumed == null && _folder.Checkpoints.Checkpoints.Count > 0)
            {
                throw new IOException($"'{runFolder}' holds a run already: resume it, or choose another folder.");
            }
            _step = new TrainingStep(task.Parameters, options, optimizer, synchronizer);
            if (resumed != null)
            {
                _state = _folder.Restore(resumed.Checkpoint, _step.Optimizer, _task) with { Options = options, DataHash = task.DataHash };
                _savedStep = resumed.Checkpoint.Step;
                _beginning = resumed.News;
            }
        }
        catch
        {
            _step?.Dispose();
            _task.Dispose();
            _folder?.Dispose();
            throw;
        }
    }

    /// <summary>The steps taken so far.</summary>
    public long StepsTaken => _state.Step;

    /// <summary>The options of the run.</summary>
    public TrainingOptions Options => _options;

    /// <summary>Whether the run goes on with something that its weights depend on and that changed since it was saved (<see cref="RunChanged"/>).</summary>
    internal bool Departs => _beginning.Any(news => news is RunChanged);

    /// <summary>The bytes that tensors of a step took at most.</summary>
    public long PeakStepBytes => _step.PeakBytes;

    /// <summary>Trains until the last step, an early stop, or cancellation, which finishes the step and saves.</summary>
    /// <param name="progress">Told of every step, evaluation and checkpoint, on this thread. If it throws, the run is saved and ends with its exception.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress.</param>
    /// <exception cref="TrainingDivergedException">Three steps in a row were not finite.</exception>
    /// <exception cref="IOException">A checkpoint could not be written; the ones before are intact.</exception>
    /// <exception cref="InvalidOperationException">The run is going on already.</exception>
    public TrainingEnded Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _running, 1) == 1)
        {
            throw new InvalidOperationException("This trainer's run is going on already: wait for its end before you run it again.");
        }
        try
        {
            return TrainToTheEnd(progress, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private TrainingEnded TrainToTheEnd(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        using var metrics = MetricsLog.Open(_folder.MetricsPath, _state.Step);
        var watch = Stopwatch.StartNew();
        if (metrics.DamagedLines.Count > 0)
        {
            Report(new MetricsDamaged(_state.Step, metrics.DamagedLines));
        }
        foreach (var news in _beginning)
        {
            Report(news);
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
            try
            {
                progress?.Report(news);
            }
            catch
            {
                Keep(isBest: news is EvaluationCompleted { IsBest: true });
                throw;
            }
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
            if (Keep(isBest) is { } checkpoint)
            {
                Report(new CheckpointSaved(checkpoint.Step, checkpoint.Path));
            }
        }

        Checkpoint? Keep(bool isBest)
        {
            if ((_savedStep == _state.Step && !isBest) || FirstBadParameter() != null)
            {
                return null; // a model with a NaN in it is nothing to continue from: the checkpoint before is
            }
            var checkpoint = _folder.Save(_task, _step.Optimizer, _state, isBest);
            _savedStep = _state.Step;
            return checkpoint;
        }
    }

    /// <summary>The same on a thread of the pool, so that the caller's stays free; <paramref name="progress"/> is told there.</summary>
    /// <param name="progress">Told of every step, evaluation and checkpoint. If it throws, the run is saved and the task fails with its exception.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress: the task then completes, with <see cref="EndReason.Interrupted"/>.</param>
    /// <exception cref="TrainingDivergedException">Three steps in a row were not finite.</exception>
    /// <exception cref="IOException">A checkpoint could not be written; the ones before are intact.</exception>
    /// <exception cref="InvalidOperationException">The run is going on already.</exception>
    public Task<TrainingEnded> RunAsync(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
        => Task.Run(() => Run(progress, cancellationToken), CancellationToken.None); // the token ends the run, which saves; not the task before it

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _task.Dispose();
        _folder.Dispose();
    }

    private bool IsDue(long every, bool last) => last || (every > 0 && _state.Step % every == 0);

    /// <summary>One update: forward and backward over the micro-steps, then the optimiser, unless a number is not finite.</summary>
    private TrainingProgress TakeStep()
    {
        var watch = Stopwatch.StartNew();
        var step = _state.Step;
        var gradients = _step.ComputeGradients(step, _task);
        var (loss, norm, size) = gradients;
        var finite = gradients.IsFinite;
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
        var parameters = _task.Parameters;
        var bad = FirstBadParameter();
        var what = "value";
        if (bad == null)
        {
            bad = GradientNorm.FirstBadGradient(parameters);
            what = "gradient";
        }
        parameters.ZeroGradients();
        _task.Forget();
        var (tensor, reason) = bad != null ? (bad.Name, $"the {what} of {bad.Name} is not finite")
            : double.IsFinite(loss) ? ("gradients", "the norm of the gradients is not finite") // though each of them is
            : ("loss", $"the loss is {loss}");
        if (_state.ConsecutiveBadSteps >= BadStepsBeforeGivingUp)
        {
            throw Diverged($"{reason}, the third such step in a row");
        }
        return new StepSkipped(_state.Step, reason, tensor);
    }

    private Parameter? FirstBadParameter() => GradientNorm.FirstBadValue(_task.Parameters);

    private TrainingDivergedException Diverged(string reason)
        => new(string.Create(
            CultureInfo.InvariantCulture,
            $"Step {_state.Step}: {reason}. Continue from the last checkpoint with a lower learning rate (it was {_schedule.At(_state.Step - 1):G3}) or a longer warm-up."));

    private EvaluationCompleted? Measure()
    {
        if (_task.Measure(_step.Tape) is not var (training, validation))
        {
            return null;
        }
        var isBest = double.IsFinite(validation.Loss) && !(_state.BestValidationLoss <= validation.Loss);
        _state = isBest
            ? _state with { BestStep = _state.Step, BestValidationLoss = validation.Loss, EvaluationsWithoutImprovement = 0 }
            : _state with { EvaluationsWithoutImprovement = _state.EvaluationsWithoutImprovement + 1 };
        return new EvaluationCompleted(_state.Step, training.Loss, validation.Loss, validation.BitsPerByte, isBest, validation.Accuracy);
    }
}

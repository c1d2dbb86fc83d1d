using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>The gradients of a step, as far as numbers say.</summary>
/// <param name="Loss">The mean loss over what the step counts, in nats.</param>
/// <param name="Norm">The Euclidean norm of all gradients, before clipping.</param>
/// <param name="Size">What the step learned from, on all ranks.</param>
public readonly record struct StepGradients(double Loss, double Norm, PassSize Size)
{
    /// <summary>Whether both numbers are finite; an update by such gradients would spoil the model.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(Norm);
}

/// <summary>
/// One update of a model: forward and backward passes, the norm of the gradients, clipping, the optimiser. It writes no file and decides
/// nothing: <see cref="Trainer"/> does, <see cref="TrainingBenchmark"/> times it, and a loop of one's own may call it.
/// </summary>
/// <remarks>
/// While it computes gradients or updates it holds the model (<see cref="ParameterSet.OnePass"/>), so that who generates or evaluates with the model meanwhile
/// takes turns with it and sees the weights of one update. One thread at a time may use a step.
/// </remarks>
public sealed class TrainingStep : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly ForwardContext _context;
    private readonly IGradientSynchronizer? _synchronizer;
    private readonly Action<GradientBucket>? _begin;
    private readonly GradientBuckets? _buckets;
    private readonly Action<Parameter>? _complete;
    private readonly PassSize[] _sizes; // of the step's passes
    private readonly bool _ownsTeam;
    private readonly int _firstPass; // of this rank
    private readonly int _endPass;

    /// <summary>Sets the gradients to zero and makes threads, tape and optimiser.</summary>
    /// <param name="parameters">What is trained; the caller keeps it. Which of its parameters learn may not change from here on.</param>
    /// <param name="options">How to train: optimiser, clipping, precision, seed, threads, passes of a step.</param>
    /// <param name="optimizer">Makes an optimiser of one's own, which the step disposes; null for the options' one.</param>
    /// <param name="synchronizer">Joins several processes; null for this one alone, which then costs nothing. The caller keeps it.</param>
    /// <param name="team">The threads, which the caller keeps; null for as many as the options say.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or there are more ranks than passes in a step.</exception>
    public TrainingStep(
        ParameterSet parameters, TrainingOptions options, Func<ParameterSet, TrainingOptions, Optimizer>? optimizer = null,
        IGradientSynchronizer? synchronizer = null, Team? team = null)
    {
        options.Validate();
        if (synchronizer != null && (synchronizer.RankCount > options.GradientAccumulation || synchronizer.Rank < 0 || synchronizer.Rank >= synchronizer.RankCount))
        {
            throw new ArgumentException(
                $"Rank {synchronizer.Rank} of {synchronizer.RankCount} has no pass of its own: GradientAccumulation is {options.GradientAccumulation}.",
                nameof(synchronizer));
        }
        (Parameters, _options, _synchronizer) = (parameters, options, synchronizer);
        _schedule = LearningRateSchedule.From(options);
        _sizes = new PassSize[options.GradientAccumulation];
        var (rank, ranks) = (synchronizer?.Rank ?? 0, synchronizer?.RankCount ?? 1);
        (_firstPass, _endPass) = ((int)((long)_sizes.Length * rank / ranks), (int)((long)_sizes.Length * (rank + 1) / ranks));
        Optimizer = (optimizer ?? ConfiguredOptimizer.Create)(parameters, options);
        _ownsTeam = team == null;
        Team = team ?? new Team(options.Threads == 0 ? Environment.ProcessorCount : options.Threads);
        Tape = new Tape(Team) { Precision = options.Precision };
        _context = new ForwardContext(Tape) { Training = true, Recompute = options.Recompute };
        if (synchronizer != null)
        {
            _begin = synchronizer.Begin;
            _buckets = new GradientBuckets(parameters, synchronizer.BucketLength);
            _complete = parameter => _buckets.Complete(parameter, _begin);
        }
        parameters.ZeroGradients();
    }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Changes the parameters by their gradients.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The tape that passes run on; for measurements between steps.</summary>
    public Tape Tape { get; }

    /// <summary>The most memory, in bytes, that tensors of a pass took at once.</summary>
    public long PeakBytes => Tape.PeakBytes;

    /// <summary>Updates made by <see cref="Take"/>.</summary>
    public long Updates { get; private set; }

    /// <summary>Called when all gradients of a step are there and before their norm is taken, to look at them or to change them.</summary>
    public Action? BeforeUpdate { get; set; }

    /// <summary>The threads that passes and updates run on.</summary>
    public Team Team { get; }

    /// <summary>A whole step of one pass: gradients, and an update at the learning rate of the options' schedule unless a number is not finite.</summary>
    /// <param name="loss">Runs the model forward: a tensor of one element.</param>
    /// <returns>The loss before the step. When it <see cref="StepGradients.IsFinite">is not finite</see>, nothing was learnt and no update counted.</returns>
    public StepGradients Take(Func<ForwardContext, Tensor> loss)
    {
        var gradients = ComputeGradients(Updates, loss);
        if (!gradients.IsFinite)
        {
            Parameters.ZeroGradients();
            return gradients;
        }
        Update(Updates, _schedule.At(Updates), gradients.Norm);
        Updates++;
        return gradients;
    }

    /// <summary>
    /// Adds the gradients of a loss, without an update; they stay until the next one or <see cref="ParameterSet.ZeroGradients"/>. Of several ranks each
    /// gives a loss of its own, which weigh alike.
    /// </summary>
    /// <param name="step">Steps taken before it: random numbers follow from it and the options' seed.</param>
    /// <param name="loss">Runs the model forward: a tensor of one element.</param>
    public StepGradients ComputeGradients(long step, Func<ForwardContext, Tensor> loss)
    {
        _buckets?.Begin();
        var ranks = _synchronizer?.RankCount ?? 1;
        var value = Pass(step, firstSample: 0, 1f / ranks, loss, task: null, micro: 0);
        return Complete(value / ranks, default);
    }

    /// <summary>Adds the gradients of a step's passes, each weighed by what it counts, so that several passes give what one large one would.</summary>
    /// <param name="step">Steps taken before it.</param>
    /// <param name="task">Runs the passes; its parameters are those of this step.</param>
    /// <exception cref="InvalidOperationException">The task counts a negative number of something.</exception>
    public StepGradients ComputeGradients(long step, ITrainingTask task)
    {
        var total = default(PassSize);
        for (var micro = 0; micro < _sizes.Length; micro++)
        {
            var size = task.Size(step, micro);
            if (size.Sequences < 0 || size.Tokens < 0 || size.Counted < 0)
            {
                throw new InvalidOperationException($"The task says of pass {micro} of step {step} that it learns from a negative number: {size}.");
            }
            total += _sizes[micro] = size;
        }
        var (loss, firstSample) = (0.0, 0L);
        _buckets?.Begin();
        for (var micro = 0; micro < _endPass; micro++)
        {
            var (sequences, _, counted) = _sizes[micro];
            if (micro >= _firstPass && counted > 0) // one that counts nothing has no gradient
            {
                var share = (float)((double)counted / total.Counted);
                loss += Pass(step, firstSample, share, run: null, task, micro) * counted / total.Counted;
            }
            firstSample += sequences;
        }
        return Complete(loss, total);
    }

    /// <summary>Updates the parameters by gradients that are finite, clipped as the options say, and forgets the gradients.</summary>
    /// <param name="updates">How many updates came before.</param>
    /// <param name="learningRate">The step size.</param>
    /// <param name="norm">The norm of the gradients.</param>
    public void Update(long updates, double learningRate, double norm)
    {
        var clip = _options.GradientClip > 0 && norm > _options.GradientClip ? _options.GradientClip / norm : 1.0;
        lock (Parameters.OnePass)
        {
            Optimizer.Step(new OptimizerStep(updates, learningRate, clip) { Team = Team });
        }
        Tape.Profile?.Mark("Optimizer", StepPhase.Update);
    }

    /// <summary>Gives threads, tape and optimiser back; the parameters are the caller's.</summary>
    public void Dispose()
    {
        Tape.Dispose();
        if (_ownsTeam)
        {
            Team.Dispose();
        }
        Optimizer.Dispose();
    }

    /// <summary>One pass forward and backward, of a loss or of a task; returns its loss. It makes no object, and so takes no delegate of its own.</summary>
    private double Pass(long step, long firstSample, float scale, Func<ForwardContext, Tensor>? run, ITrainingTask? task, int micro)
    {
        var listens = _buckets != null && (task == null || micro == _endPass - 1);
        lock (Parameters.OnePass)
        {
            if (listens)
            {
                Tape.GradientReady += _complete;
            }
            try
            {
                _context.SetRandomKey(_options.Seed, step, firstSample);
                var loss = run != null ? run(_context) : task!.Loss(step, micro, _context);
                Tape.Backward(loss, scale); // first: a fused loss then computes its value and its gradients in one
                return loss.Item();
            }
            finally
            {
                Tape.Reset();
                if (listens)
                {
                    Tape.GradientReady -= _complete;
                }
            }
        }
    }

    /// <summary>The gradients of all ranks, as they are changed from outside, and their norm.</summary>
    private StepGradients Complete(double loss, PassSize size)
    {
        if (_synchronizer != null)
        {
            _buckets!.Flush(_begin!);
            _synchronizer.Finish();
            loss = _synchronizer.Sum(loss);
        }
        BeforeUpdate?.Invoke();
        var norm = GradientNorm.Of(Team, Parameters);
        Tape.Profile?.Mark("GradientNorm", StepPhase.Update);
        return new StepGradients(loss, norm, size);
    }
}

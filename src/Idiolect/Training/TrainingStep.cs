using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// One update of what is trained: forward and backward over the micro-steps, the norm of the gradients, the optimiser. It decides
/// nothing: <see cref="Trainer"/> does, and <see cref="TrainingBenchmark"/> times it.
/// </summary>
internal sealed unsafe class TrainingStep : IDisposable
{
    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly ForwardContext _context;

    /// <summary>Sets the gradients to zero and makes threads, tape and optimiser.</summary>
    internal TrainingStep(ITrainingTask task, TrainingOptions options)
    {
        (_task, _options) = (task, options);
        Optimizer = new Optimizer(task.Parameters, options);
        Team = new Team(options.Threads == 0 ? Environment.ProcessorCount : options.Threads, IsaSelector.Default);
        Tape = new Tape(Team) { Precision = options.Precision };
        _context = new ForwardContext(Tape) { Training = true, Recompute = options.Recompute };
        task.Parameters.ZeroGradients();
    }

    internal Optimizer Optimizer { get; }

    internal Team Team { get; }

    internal Tape Tape { get; }

    /// <summary>Adds the gradients of a step's batches.</summary>
    /// <param name="step">Steps taken before it.</param>
    /// <returns>The mean loss in nats a token, the Euclidean norm of all gradients, and what the step learned from.</returns>
    internal (double Loss, double Norm, PassSize Size) ComputeGradients(long step)
    {
        var loss = 0.0;
        var total = default(PassSize);
        for (var micro = 0; micro < _options.GradientAccumulation; micro++)
        {
            loss += Accumulate(step, micro, out var size) / _options.GradientAccumulation;
            total = new PassSize(total.Sequences + size.Sequences, total.Tokens + size.Tokens);
        }
        var norm = Math.Sqrt(SquaredNorm.Compute(Team, _task.Parameters.Gradients, _task.Parameters.FlatLength));
        Tape.Profile?.Mark("GradientNorm", StepPhase.Update);
        return (loss, norm, total);
    }

    /// <summary>Updates the parameters and sets the gradients to zero.</summary>
    /// <param name="update">How many updates came before.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <param name="norm">The norm of its gradients, for clipping.</param>
    internal void Update(long update, double learningRate, double norm)
    {
        var clip = _options.GradientClip > 0 && norm > _options.GradientClip ? _options.GradientClip / norm : 1.0;
        Optimizer.Step(Team, update, learningRate, clip);
        Tape.Profile?.Mark("Optimizer", StepPhase.Update);
    }

    public void Dispose()
    {
        Tape.Dispose();
        Team.Dispose();
        Optimizer.Dispose();
    }

    private double Accumulate(long step, int micro, out PassSize size)
    {
        _context.SetRandomKey(_options.Seed, step, (long)micro * _options.BatchSize);
        var loss = _task.Loss(step, micro, _context, out size);
        Tape.Backward(loss, 1f / _options.GradientAccumulation);
        var value = loss.Item();
        Tape.Reset();
        return value;
    }
}

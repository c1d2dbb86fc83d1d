using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Lab.Models;

/// <summary>Trains one model, a step at a time, without files.</summary>
internal sealed unsafe class LabTrainer : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly Optimizer _optimizer;
    private readonly Team _team;
    private readonly Tape _tape;
    private readonly ForwardContext _context;

    internal LabTrainer(ParameterSet parameters, TrainingOptions options, Team? team = null)
    {
        _team = team ?? Team.Shared;
        _tape = new Tape(_team);
        (_parameters, _options, _schedule) = (parameters, options, LearningRateSchedule.From(options));
        _optimizer = new Optimizer(parameters, options);
        _context = new ForwardContext(_tape) { Training = true };
        parameters.ZeroGradients();
    }

    /// <summary>Steps taken.</summary>
    internal int Steps { get; private set; }

    /// <summary>The most memory that tensors took at once.</summary>
    internal long PeakBytes => _tape.PeakBytes;

    /// <summary>Called between the backward pass and the update, to change gradients.</summary>
    internal Action? BeforeUpdate { get; init; }

    /// <summary>One step.</summary>
    /// <param name="loss">Runs the model forward.</param>
    /// <returns>The loss before the step; not finite when the training has diverged, and then nothing was learnt.</returns>
    internal double Step(Func<ForwardContext, Tensor> loss)
    {
        _context.SetRandomKey(_options.Seed, Steps, 0);
        var value = Gradients(loss);
        var norm = Math.Sqrt(SquaredNorm.Compute(_team, Flat, _parameters.FlatLength));
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            _parameters.ZeroGradients();
            return double.NaN;
        }
        var clip = _options.GradientClip > 0 && norm > _options.GradientClip ? _options.GradientClip / norm : 1;
        _optimizer.Step(_team, Steps, _schedule.At(Steps), clip);
        Steps++;
        return value;
    }

    /// <summary>The gradients of a loss, without a step; they stay until <see cref="ParameterSet.ZeroGradients"/>.</summary>
    internal double Gradients(Func<ForwardContext, Tensor> loss)
    {
        var tensor = loss(_context);
        _tape.Backward(tensor);
        var value = tensor.Item();
        _tape.Reset();
        BeforeUpdate?.Invoke();
        return value;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _tape.Dispose();
    }

    private float* Flat => _parameters.Gradients;
}

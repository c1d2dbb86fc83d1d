using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Lab.Models;

/// <summary>Trains one model, a step at a time, without files.</summary>
internal sealed class LabTrainer : IDisposable
{
    private readonly TrainingStep _step;

    internal LabTrainer(ParameterSet parameters, TrainingOptions options, Team? team = null)
        => _step = new TrainingStep(parameters, options, team: team ?? Team.Shared);

    /// <summary>Steps taken.</summary>
    internal int Steps => (int)_step.Updates;

    /// <summary>The most memory that tensors took at once.</summary>
    internal long PeakBytes => _step.PeakBytes;

    /// <summary>Called between the backward pass and the update, to change gradients.</summary>
    internal Action? BeforeUpdate
    {
        get => _step.BeforeUpdate;
        init => _step.BeforeUpdate = value;
    }

    /// <summary>One step.</summary>
    /// <param name="loss">Runs the model forward.</param>
    /// <returns>The loss before the step; not finite when the training has diverged, and then nothing was learnt.</returns>
    internal double Step(Func<ForwardContext, Tensor> loss) => _step.Take(loss) is { IsFinite: true } taken ? taken.Loss : double.NaN;

    /// <summary>The gradients of a loss, without a step; they stay until <see cref="ParameterSet.ZeroGradients"/>.</summary>
    internal double Gradients(Func<ForwardContext, Tensor> loss) => _step.ComputeGradients(_step.Updates, loss).Loss;

    public void Dispose() => _step.Dispose();
}

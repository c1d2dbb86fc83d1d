using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// What the trainer trains: a model together with the data that it learns from and is measured on. A task of one's own needs <see cref="Parameters"/>,
/// <see cref="Size"/>, <see cref="Loss"/> and <see cref="Save"/>.
/// </summary>
/// <remarks>
/// A step consists of <see cref="TrainingOptions.GradientAccumulation"/> passes. What a pass learns from must follow from its place (step and
/// micro-step) and the seed alone: then a run that is resumed, or divided among several processes, ends with the weights of one that was not.
/// The trainer disposes the task. A task gives back what it made itself; the model and the data that it was given stay their owner's.
/// </remarks>
public interface ITrainingTask : IDisposable
{
    /// <summary>The learned numbers.</summary>
    ParameterSet Parameters { get; }

    /// <summary>A hash of the data; a run is not resumed on other data unawares.</summary>
    string DataHash => "";

    /// <summary>A hash of everything that decides how text becomes tokens; a run is never resumed with another.</summary>
    string TokenizerHash => "";

    /// <summary>What a pass will learn from: asked of all passes of a step before the first runs. Nothing in it may be negative.</summary>
    /// <param name="step">The update, counted from 0.</param>
    /// <param name="microStep">The pass within the update, counted from 0.</param>
    PassSize Size(long step, int microStep);

    /// <summary>The mean loss of a pass over what <see cref="PassSize.Counted"/> counts. Not asked of a pass that counts nothing.</summary>
    /// <param name="step">The update, counted from 0.</param>
    /// <param name="microStep">The pass within the update, counted from 0.</param>
    /// <param name="context">The pass, with the key of its random numbers.</param>
    /// <returns>A tensor of one element, through which the trainer goes back.</returns>
    Tensor Loss(long step, int microStep, ForwardContext context);

    /// <summary>The loss on some of the training data and of the held-out data, without dropout; null where nothing is held out.</summary>
    /// <param name="tape">A tape between steps, which records.</param>
    (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape) => null;

    /// <summary>Writes the model folder.</summary>
    /// <param name="folder">The folder, which may not exist yet.</param>
    void Save(string folder);

    /// <summary>Writes what only a resume needs of the task into a checkpoint's trainer folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    void SaveState(string folder)
    {
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="InvalidDataException">The file does not belong to this run.</exception>
    void LoadState(string folder)
    {
    }

    /// <summary>Forgets what it carries from step to step: a step was not finite.</summary>
    void Forget()
    {
    }

    /// <summary>Gives back what the task made itself.</summary>
    void IDisposable.Dispose() => GC.SuppressFinalize(this);
}

using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>What a pass learned from.</summary>
/// <param name="Sequences">Windows of text, or sentence pairs.</param>
/// <param name="Tokens">The tokens in them, padding left out.</param>
internal readonly record struct PassSize(long Sequences, long Tokens);

/// <summary>What the trainer trains: a model together with the data that it learns from and is measured on.</summary>
internal interface ITrainingTask : IDisposable
{
    /// <summary>The learned numbers.</summary>
    ParameterSet Parameters { get; }

    /// <summary>The hash of the data.</summary>
    string DataHash { get; }

    /// <summary>The hash of everything that decides how text becomes tokens.</summary>
    string TokenizerHash { get; }

    /// <summary>The loss on a batch that is a pure function of its place in the run.</summary>
    /// <param name="step">The update.</param>
    /// <param name="microStep">The pass within the update.</param>
    /// <param name="context">The pass.</param>
    /// <param name="size">What the batch holds.</param>
    Tensor Loss(long step, int microStep, ForwardContext context, out PassSize size);

    /// <summary>The loss on some of the training data and of the held-out data, without dropout; null where nothing is held out.</summary>
    /// <param name="tape">A tape between steps.</param>
    (EvaluationResult Training, EvaluationResult Validation)? Measure(Tape tape);

    /// <summary>Writes the model folder.</summary>
    void Save(string folder);

    /// <summary>Writes what only a resume needs of it into a checkpoint's trainer folder.</summary>
    void SaveState(string folder)
    {
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this run.</exception>
    void LoadState(string folder)
    {
    }

    /// <summary>Forgets what it carries from step to step: a step was not finite.</summary>
    void Forget()
    {
    }
}

using Idiolect.Formats;
using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>What an optimiser remembers from step to step, as a rule of one parameter.</summary>
/// <param name="Name">Its name in a checkpoint, such as <c>first_moment.head.weight</c>.</param>
/// <param name="Values">The numbers themselves, which are saved, and overwritten by a load.</param>
public readonly record struct OptimizerMemory(string Name, Memory<float> Values);

/// <summary>The numbers of one update.</summary>
/// <param name="Updates">How many updates were made before, skipped steps not counted: AdamW's bias corrections depend on it.</param>
/// <param name="LearningRate">The step size.</param>
/// <param name="GradientScale">What gradients are multiplied by first: the clipping factor.</param>
public readonly record struct OptimizerStep(long Updates, double LearningRate, double GradientScale = 1)
{
    private readonly Team? _team;

    /// <summary>The threads; those of all processors where none are given.</summary>
    public Team Team
    {
        get => _team ?? Team.Shared;
        init => _team = value;
    }
}

/// <summary>
/// Changes a model's parameters by their gradients. A subclass says how one update goes and what it remembers from one to the next; saving, loading
/// and forgetting the gradients are done here.
/// </summary>
/// <param name="parameters">What is trained; the caller keeps it, for longer than the optimiser.</param>
public abstract class Optimizer(ParameterSet parameters) : IDisposable
{
    private readonly int _extensions = parameters.Extensions;

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; } = parameters;

    /// <summary>
    /// What is remembered from step to step, with names that are all different; a checkpoint holds it, so that a resumed run goes on as if it had not stopped.
    /// </summary>
    public virtual IEnumerable<OptimizerMemory> Memory => [];

    /// <summary>Updates all parameters that learn and forgets their gradients.</summary>
    /// <param name="step">The numbers of the update.</param>
    /// <exception cref="InvalidOperationException">The model has more parameters than when the optimiser was made.</exception>
    public void Step(OptimizerStep step)
    {
        if (Parameters.Extensions != _extensions)
        {
            throw new InvalidOperationException("Parameters were added to the model, such as a classifier's head, after this optimiser was made: make it then.");
        }
        Update(step);
        Parameters.ZeroGradients();
        Parameters.Touch();
    }

    /// <summary>Writes what is remembered, as a safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public void Save(string path) => SafetensorsWriter.Write(
        path, Memory.Select(memory => new TensorSource(memory.Name, [memory.Values.Length], () => memory.Values.Span)));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file does not belong to this model and optimiser.</exception>
    public void Load(string path)
    {
        using var reader = SafetensorsReader.Open(path);
        foreach (var memory in Memory)
        {
            if (!reader.Tensors.TryGetValue(memory.Name, out var info) || info.ElementCount != memory.Values.Length)
            {
                throw new InvalidDataException(
                    $"{path}: tensor {memory.Name} is missing or has another size than the model's {memory.Values.Length}.");
            }
            reader.Read(memory.Name, memory.Values.Span);
        }
        // Parameters that learnt when the file was written and are frozen now: the run would go on, but as another one.
        if (reader.Tensors.Keys.Except(Memory.Select(memory => memory.Name)).Order(StringComparer.Ordinal).FirstOrDefault() is { } surplus)
        {
            throw new InvalidDataException($"{path}: tensor {surplus} belongs to no parameter that learns here.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes the values of all parameters that learn; the gradients are forgotten afterwards.</summary>
    /// <param name="step">The numbers of the update.</param>
    protected abstract void Update(OptimizerStep step);

    /// <summary>Gives memory back.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> asks for it.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}

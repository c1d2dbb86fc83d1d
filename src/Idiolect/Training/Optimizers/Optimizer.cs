using Idiolect.Formats;
using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>What an optimiser remembers of one parameter from step to step.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="Data">The floats' address.</param>
/// <param name="Count">Their number.</param>
internal readonly record struct OptimizerMemory(string Name, nint Data, long Count)
{
    internal unsafe Span<float> Span => new((float*)Data, checked((int)Count));
}

/// <summary>The optimiser that the options ask for: AdamW for all parameters, or Muon for hidden matrices beside AdamW for the rest.</summary>
internal sealed class Optimizer : IDisposable
{
    private readonly AdamWOptimizer _adamW;
    private readonly MuonOptimizer? _muon;

    internal Optimizer(ParameterSet parameters, TrainingOptions options)
    {
        _adamW = new AdamWOptimizer(parameters, options);
        _muon = options.Optimizer == OptimizerKind.Muon ? new MuonOptimizer(parameters, options) : null;
    }

    private IEnumerable<OptimizerMemory> Memory => _muon == null ? _adamW.Memory : _adamW.Memory.Concat(_muon.Memory);

    /// <summary>Updates all parameters and forgets their gradients.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="updates">How many updates were made before, skipped steps not counted: AdamW's bias corrections depend on it.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="gradientScale">What gradients are multiplied by first: the clipping factor.</param>
    internal void Step(Team team, long updates, double learningRate, double gradientScale)
    {
        _adamW.Step(team, updates, learningRate, gradientScale);
        _muon?.Step(team, learningRate, gradientScale);
    }

    /// <summary>Writes the moments.</summary>
    internal void Save(string path)
        => SafetensorsWriter.Write(path, Memory.Select(memory => new TensorSource(memory.Name, [memory.Count], () => memory.Span)));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this model and optimiser.</exception>
    internal void Load(string path)
    {
        using var reader = SafetensorsReader.Open(path);
        foreach (var memory in Memory)
        {
            if (!reader.Tensors.TryGetValue(memory.Name, out var info) || info.ElementCount != memory.Count)
            {
                throw new InvalidDataException(
                    $"{path}: tensor {memory.Name} is missing or has another size than the model's {memory.Count}.");
            }
            reader.Read(memory.Name, memory.Span);
        }
        // Parameters that learnt when the file was written and are frozen now: the run would go on, but as another one.
        if (reader.Tensors.Keys.Except(Memory.Select(memory => memory.Name)).Order(StringComparer.Ordinal).FirstOrDefault() is { } surplus)
        {
            throw new InvalidDataException($"{path}: tensor {surplus} belongs to no parameter that learns here.");
        }
    }

    public void Dispose()
    {
        _adamW.Dispose();
        _muon?.Dispose();
    }
}

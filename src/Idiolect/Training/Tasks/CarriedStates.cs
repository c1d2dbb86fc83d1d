using Idiolect.Data;
using Idiolect.Formats;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// The states that a recurrent model carries from one step to the next (truncated backpropagation through time, Williams and
/// Peng 1990): one for each micro-step, whose rows read on where they stopped.
/// </summary>
internal sealed class CarriedStates : IDisposable
{
    private const string FileName = "recurrent_state.safetensors";

    private readonly RecurrentState[] _states;

    private CarriedStates(RecurrentState[] states) => _states = states;

    /// <summary>The states of a new run; null for a model that carries none.</summary>
    internal static CarriedStates? Create(ILanguageModel model, TrainingOptions options)
        => model.CreateCarriedState(options.BatchSize) is { } first
            ? new CarriedStates([first, .. Enumerable.Range(1, options.GradientAccumulation - 1).Select(_ => model.CreateCarriedState(options.BatchSize)!)])
            : null;

    /// <summary>The state with which a pass begins: where the sampler begins anew, an empty one.</summary>
    internal RecurrentState Begin(BatchSampler sampler, long step, int microStep)
    {
        if (sampler.BeginsAnew(step))
        {
            _states[microStep].Clear();
        }
        return _states[microStep];
    }

    /// <summary>Forgets everything: a step that was not finite leaves no state to go on from.</summary>
    internal void Clear() => Array.ForEach(_states, state => state.Clear());

    /// <summary>Writes the states into a checkpoint's trainer folder.</summary>
    internal void Save(string folder) => SafetensorsWriter.Write(
        Path.Combine(folder, FileName),
        _states.Select((state, i) => new TensorSource(Name(i), [state.Values.Length], () => state.Values)));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this run.</exception>
    internal void Load(string folder)
    {
        using var reader = SafetensorsReader.Open(Path.Combine(folder, FileName));
        for (var i = 0; i < _states.Length; i++)
        {
            var values = _states[i].Values;
            if (!reader.Tensors.TryGetValue(Name(i), out var info) || info.ElementCount != values.Length)
            {
                throw new InvalidDataException($"{reader.FilePath}: tensor {Name(i)} is missing or has another size than the run's {values.Length}.");
            }
            reader.Read(Name(i), values);
        }
    }

    public void Dispose() => Array.ForEach(_states, state => state.Dispose());

    private static string Name(int microStep) => $"micro_step.{microStep}";
}

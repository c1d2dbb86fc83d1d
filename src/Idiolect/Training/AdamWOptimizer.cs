using Idiolect.Formats;
using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) over a model's flat buffers, with weight decay on matrices only. A pass scales the
/// gradients, updates the moments and the values, and leaves the gradients at zero for the next step.
/// </summary>
internal sealed unsafe class AdamWOptimizer : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly TrainingOptions _options;
    private readonly List<(long Start, long Count, bool Decays)> _ranges = [];
    private float* _firstMoments; // like the flat values
    private float* _secondMoments; // like the flat values

    internal AdamWOptimizer(ParameterSet parameters, TrainingOptions options)
    {
        (_parameters, _options) = (parameters, options);
        _firstMoments = NativeBuffer.AllocateZeroed(parameters.FlatLength);
        _secondMoments = NativeBuffer.AllocateZeroed(parameters.FlatLength);
        foreach (var parameter in parameters.All.Reverse())
        {
            Append(parameter);
        }
    }

    /// <summary>Updates all parameters.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="update">How many updates came before: the bias corrections depend on it.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="gradientScale">What gradients are multiplied by first: the clipping factor.</param>
    internal void Step(Team team, long update, double learningRate, double gradientScale)
    {
        foreach (var (start, count, decays) in _ranges)
        {
            var settings = new AdamWParameters
            {
                LearningRate = (float)learningRate,
                Beta1 = (float)_options.Beta1,
                Beta2 = (float)_options.Beta2,
                Epsilon = (float)_options.Epsilon,
                WeightDecay = decays ? (float)_options.WeightDecay : 0f,
                L1 = (float)_options.L1,
                L2 = (float)_options.L2,
                GradientScale = (float)gradientScale,
                BiasCorrection1 = (float)(1 - Math.Pow(_options.Beta1, update + 1)),
                BiasCorrection2 = (float)(1 - Math.Pow(_options.Beta2, update + 1)),
            };
            AdamW.Step(
                team, _parameters.Values + start, _parameters.Gradients + start, _firstMoments + start, _secondMoments + start, count, settings);
        }
        _parameters.Touch();
    }

    /// <summary>Writes the moments.</summary>
    internal void Save(string path) => SafetensorsWriter.Write(path, _parameters.All.SelectMany(parameter => new[]
    {
        new TensorSource($"first_moment.{parameter.Name}", [parameter.Count], () => Moments(_firstMoments, parameter)),
        new TensorSource($"second_moment.{parameter.Name}", [parameter.Count], () => Moments(_secondMoments, parameter)),
    }));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file does not belong to this model.</exception>
    internal void Load(string path)
    {
        using var reader = SafetensorsReader.Open(path);
        foreach (var parameter in _parameters.All)
        {
            foreach (var (name, moments) in new[] { ("first_moment", (nint)_firstMoments), ("second_moment", (nint)_secondMoments) })
            {
                var tensor = $"{name}.{parameter.Name}";
                if (!reader.Tensors.TryGetValue(tensor, out var info) || info.ElementCount != parameter.Count)
                {
                    throw new InvalidDataException($"{path}: tensor {tensor} is missing or has another size than the model's {parameter.Count}.");
                }
                reader.Read(tensor, Moments((float*)moments, parameter));
            }
        }
    }

    public void Dispose()
    {
        NativeBuffer.Free(_firstMoments);
        NativeBuffer.Free(_secondMoments);
        _firstMoments = null;
        _secondMoments = null;
    }

    private static Span<float> Moments(float* moments, Parameter parameter)
        => new(moments + parameter.Offset, checked((int)parameter.Count));

    /// <summary>
    /// Joins a parameter to the range before it where both decay or both do not. The padding between them is zero in every
    /// buffer, and an update of zeros gives zero.
    /// </summary>
    private void Append(Parameter parameter)
    {
        if (!parameter.RequiresGradient)
        {
            return;
        }
        var end = parameter.Offset + parameter.Count;
        if (_ranges.Count > 0 && _ranges[^1] is var last && last.Decays == parameter.Decays
            && last.Start + last.Count <= parameter.Offset && parameter.Offset - (last.Start + last.Count) < ParameterSet.Line)
        {
            _ranges[^1] = (last.Start, end - last.Start, last.Decays);
            return;
        }
        _ranges.Add((parameter.Offset, parameter.Count, parameter.Decays));
    }
}

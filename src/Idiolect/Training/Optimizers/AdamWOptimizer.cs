using Idiolect.Kernels;
using Idiolect.Tensors;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) over a model's flat buffers, with weight decay on matrices only. One pass
/// scales the gradients and updates the moments and the values; then the gradients are forgotten.
/// </summary>
internal sealed unsafe class AdamWOptimizer : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly TrainingOptions _options;
    private readonly List<Range> _ranges = [];
    private readonly List<(Parameter Parameter, long Start)> _places = []; // and where its moments begin
    private float* _firstMoments; // the ranges one after the other
    private float* _secondMoments; // the same, in the second half of the same memory

    internal AdamWOptimizer(ParameterSet parameters, TrainingOptions options)
    {
        (_parameters, _options) = (parameters, options);
        foreach (var parameter in parameters.All.Reverse().Where(parameter => parameter.RequiresGradient))
        {
            if (options.Optimizer != OptimizerKind.Muon || !MuonOptimizer.Takes(parameter))
            {
                Append(parameter);
            }
        }
        var length = _ranges.Count == 0 ? 0 : WholeLines(_ranges[^1].Moments + _ranges[^1].Count);
        _firstMoments = NativeBuffer.AllocateZeroed(2 * length);
        _secondMoments = _firstMoments + length;
    }

    /// <summary>The moments, to save and to load.</summary>
    internal IEnumerable<OptimizerMemory> Memory => _places.SelectMany(place => new OptimizerMemory[]
    {
        new($"first_moment.{place.Parameter.Name}", (nint)(_firstMoments + place.Start), place.Parameter.Count),
        new($"second_moment.{place.Parameter.Name}", (nint)(_secondMoments + place.Start), place.Parameter.Count),
    });

    /// <summary>Updates the parameters and forgets their gradients.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="updates">How many updates were made before, skipped steps not counted: the bias corrections depend on it.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="gradientScale">What gradients are multiplied by first: the clipping factor.</param>
    internal void Step(Team team, long updates, double learningRate, double gradientScale)
    {
        foreach (var range in _ranges)
        {
            var settings = new AdamWParameters
            {
                LearningRate = learningRate,
                Beta1 = _options.Beta1,
                Beta2 = _options.Beta2,
                Epsilon = _options.Epsilon,
                WeightDecay = range.Decays ? _options.WeightDecay : 0,
                L1 = _options.L1,
                L2 = _options.L2,
                GradientScale = gradientScale,
                BiasCorrection1 = 1 - Math.Pow(_options.Beta1, updates + 1),
                BiasCorrection2 = 1 - Math.Pow(_options.Beta2, updates + 1),
            };
            AdamW.Step(
                team, _parameters.Values + range.Start, _parameters.Gradients + range.Start, _firstMoments + range.Moments,
                _secondMoments + range.Moments, range.Count, settings);
        }
        foreach (var (parameter, _) in _places)
        {
            parameter.ForgetGradient();
        }
        _parameters.Touch();
    }

    public void Dispose()
    {
        NativeBuffer.Free(_firstMoments);
        _firstMoments = null;
        _secondMoments = null;
    }

    /// <summary>
    /// Joins a parameter to the range before it where both decay or both do not. The padding between them is zero in every
    /// buffer, and an update of zeros gives zero.
    /// </summary>
    private void Append(Parameter parameter)
    {
        var last = _ranges.Count > 0 ? _ranges[^1] : default;
        var gap = parameter.Offset - (last.Start + last.Count);
        if (_ranges.Count > 0 && last.Decays == parameter.Decays && gap is >= 0 and < ParameterSet.Line)
        {
            _ranges[^1] = last with { Count = last.Count + gap + parameter.Count };
        }
        else
        {
            var moments = WholeLines(last.Moments + last.Count);
            _ranges.Add(new Range(parameter.Offset, parameter.Count, moments, parameter.Decays));
        }
        var range = _ranges[^1];
        _places.Add((parameter, range.Moments + (parameter.Offset - range.Start)));
    }

    private static long WholeLines(long count) => RoundUp(count, ParameterSet.Line);

    /// <summary>Neighbours in the flat buffers that are updated alike.</summary>
    /// <param name="Start">Where they begin in the values and the gradients.</param>
    /// <param name="Count">Their floats, padding between them included.</param>
    /// <param name="Moments">Where they begin in the moments.</param>
    /// <param name="Decays">Whether weight decay applies.</param>
    private readonly record struct Range(long Start, long Count, long Moments, bool Decays);
}

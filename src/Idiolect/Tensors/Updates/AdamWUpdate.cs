using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Tensors;

/// <summary>
/// <see cref="AdamW"/> over some parameters of a model's flat buffers: neighbours that are updated alike in one pass, which scales the gradients and
/// updates the moments and the values.
/// </summary>
internal sealed unsafe class AdamWUpdate : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly List<Range> _ranges = [];
    private readonly List<(Parameter Parameter, long Start)> _places = []; // and where its moments begin
    private readonly long _length;
    private readonly NativeFloats _moments; // (2, length): first and second moments, the ranges one after the other

    /// <summary>Makes moments of zero.</summary>
    /// <param name="parameters">The model.</param>
    /// <param name="takes">Which of its parameters are updated.</param>
    internal AdamWUpdate(ParameterSet parameters, Func<Parameter, bool> takes)
    {
        _parameters = parameters;
        foreach (var parameter in parameters.All.Reverse().Where(takes))
        {
            Append(parameter);
        }
        _length = _ranges.Count == 0 ? 0 : WholeLines(_ranges[^1].Moments + _ranges[^1].Count);
        _moments = new NativeFloats(2 * _length);
    }

    /// <summary>The parameters and their moments.</summary>
    internal IEnumerable<(Parameter Parameter, Memory<float> First, Memory<float> Second)> Moments => _places.Select(place => (
        place.Parameter, _moments.Slice(place.Start, place.Parameter.Count), _moments.Slice(_length + place.Start, place.Parameter.Count)));

    /// <summary>Updates the parameters; their gradients stay.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="settings">The step; its weight decay applies to matrices only.</param>
    internal void Step(Team team, in AdamWParameters settings)
    {
        foreach (var range in _ranges)
        {
            AdamW.Step(
                team, _parameters.Values + range.Start, _parameters.Gradients + range.Start, _moments.Data + range.Moments,
                _moments.Data + _length + range.Moments, range.Count, range.Decays ? settings : settings with { WeightDecay = 0 });
        }
    }

    public void Dispose() => _moments.Dispose();

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

using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// <see cref="Muon"/> over the hidden matrices of a model. Matrices that lie stacked in one parameter (query, key and value; gate and
/// up; a recurrent cell's gates) are orthogonalised each by itself: as one they would share their singular values.
/// </summary>
internal sealed unsafe class MuonUpdate : IDisposable
{
    private readonly List<(Parameter Parameter, long Start)> _places = []; // and where its momentum begins
    private readonly MuonMatrix[] _matrices; // of the step
    private readonly NativeFloats _momentum; // the parameters one after the other
    private readonly NativeFloats _scratch; // for the matrix that needs most

    /// <summary>Makes a momentum of zero.</summary>
    /// <param name="parameters">The model.</param>
    internal MuonUpdate(ParameterSet parameters)
    {
        var (length, scratch) = (0L, 0L);
        foreach (var parameter in parameters.All.Where(Takes))
        {
            _places.Add((parameter, length));
            length += parameter.Count;
            scratch = Math.Max(scratch, parameter.HiddenRows.Max(rows => Muon.ScratchLength(rows, parameter.Shape[1])));
        }
        _matrices = new MuonMatrix[_places.Sum(place => place.Parameter.HiddenRows.Length)];
        _momentum = new NativeFloats(length);
        _scratch = new NativeFloats(scratch);
    }

    /// <summary>The parameters and their momentum.</summary>
    internal IEnumerable<(Parameter Parameter, Memory<float> Momentum)> Momentum
        => _places.Select(place => (place.Parameter, _momentum.Slice(place.Start, place.Parameter.Count)));

    /// <summary>Whether a parameter is for Muon; embeddings, output layers, gains and biases are for AdamW (Jordan et al. 2024).</summary>
    internal static bool Takes(Parameter parameter) => parameter.RequiresGradient && parameter.HiddenRows.Length > 0;

    /// <summary>Updates the hidden matrices; their gradients stay.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="settings">The step.</param>
    /// <param name="precision">How operands of its matrix products are rounded.</param>
    internal void Step(Team team, in MuonParameters settings, Precision precision)
    {
        var matrices = 0;
        foreach (var (parameter, start) in _places)
        {
            var columns = parameter.Shape[1];
            var gradient = parameter.Gradient;
            var first = 0L; // of the stacked matrix, in elements
            foreach (var rows in parameter.HiddenRows)
            {
                _matrices[matrices++] = new MuonMatrix(parameter.Data + first, gradient + first, _momentum.Data + start + first, rows, columns);
                first += (long)rows * columns;
            }
        }
        Muon.Step(team, _matrices, _scratch.Data, settings, precision);
    }

    public void Dispose()
    {
        _momentum.Dispose();
        _scratch.Dispose();
    }
}

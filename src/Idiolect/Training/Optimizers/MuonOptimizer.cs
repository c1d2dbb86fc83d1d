using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// <see cref="Muon"/> over the hidden matrices of a model. Matrices that lie stacked in one parameter (query, key and value; gate and
/// up; a recurrent cell's gates) are orthogonalised each by itself: as one they would share their singular values.
/// </summary>
internal sealed unsafe class MuonOptimizer : IDisposable
{
    /// <summary>Jordan's, and Liu et al.'s.</summary>
    private const double Momentum = 0.95;

    private readonly ParameterSet _parameters;
    private readonly TrainingOptions _options;
    private readonly List<(Parameter Parameter, long Start)> _places = []; // and where its momentum begins
    private readonly MuonMatrix[] _matrices; // of the step
    private float* _momentum; // the parameters one after the other
    private float* _scratch; // for the matrix that needs most

    internal MuonOptimizer(ParameterSet parameters, TrainingOptions options)
    {
        (_parameters, _options) = (parameters, options);
        var (length, scratch) = (0L, 0L);
        foreach (var parameter in parameters.All.Where(Takes))
        {
            _places.Add((parameter, length));
            length += parameter.Count;
            scratch = Math.Max(scratch, parameter.HiddenRows.Max(rows => Muon.ScratchLength(rows, parameter.Shape[1])));
        }
        _matrices = new MuonMatrix[_places.Sum(place => place.Parameter.HiddenRows.Length)];
        _momentum = NativeBuffer.AllocateZeroed(length);
        _scratch = NativeBuffer.Allocate(scratch);
    }

    /// <summary>The momentum, to save and to load.</summary>
    internal IEnumerable<OptimizerMemory> Memory
        => _places.Select(place => new OptimizerMemory($"momentum.{place.Parameter.Name}", (nint)(_momentum + place.Start), place.Parameter.Count));

    /// <summary>Whether a parameter is for Muon; embeddings, output layers, gains and biases are for AdamW (Jordan et al. 2024).</summary>
    internal static bool Takes(Parameter parameter) => parameter.RequiresGradient && parameter.HiddenRows.Length > 0;

    /// <summary>Updates the hidden matrices and forgets their gradients.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="gradientScale">What gradients are multiplied by first: the clipping factor.</param>
    internal void Step(Team team, double learningRate, double gradientScale)
    {
        var matrices = 0;
        foreach (var (parameter, start) in _places)
        {
            var columns = parameter.Shape[1];
            var gradient = parameter.Gradient;
            var first = 0L; // of the stacked matrix, in elements
            foreach (var rows in parameter.HiddenRows)
            {
                _matrices[matrices++] = new MuonMatrix(parameter.Data + first, gradient + first, _momentum + start + first, rows, columns);
                first += (long)rows * columns;
            }
        }
        Muon.Step(team, _matrices, _scratch, new MuonParameters(learningRate, Momentum, _options.WeightDecay, gradientScale), _options.Precision);
        foreach (var (parameter, _) in _places)
        {
            parameter.ForgetGradient();
        }
        _parameters.Touch();
    }

    public void Dispose()
    {
        NativeBuffer.Free(_momentum);
        NativeBuffer.Free(_scratch);
        _momentum = null;
        _scratch = null;
    }
}

using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

/// <summary>Gradients that flow from one recurrent layer into another by way of the state, as from an encoder to a decoder.</summary>
public sealed class RecurrentOperationTests : IDisposable
{
    private const int Time = 4;
    private const int Batch = 3;
    private const int Width = 6;
    private static readonly int[] Ids = [.. Enumerable.Range(0, Time * Batch).Select(i => (i * 7) % 11)];
    private static readonly int[] Targets = [.. Enumerable.Range(0, Time * Batch).Select(i => (i * 5) % 11)];

    private readonly ParameterSet _parameters = new();
    private readonly Tape _tape = new();

    public void Dispose()
    {
        _tape.Dispose();
        _parameters.Dispose();
    }

    [Theory]
    [InlineData(RecurrentCell.Rnn, false)]
    [InlineData(RecurrentCell.Lstm, false)]
    [InlineData(RecurrentCell.Gru, false)]
    [InlineData(RecurrentCell.Rnn, true)]
    [InlineData(RecurrentCell.Lstm, true)]
    [InlineData(RecurrentCell.Gru, true)]
    public void A_layer_learns_through_the_state_that_it_hands_on(RecurrentCell cell, bool readsOutputsToo)
    {
        var root = _parameters.Root;
        var table = root.Child("embedding").Add("weight", new Shape(11, Width), Initializer.Normal(0.7));
        using var encoder = new RecurrentLayer(root.Child("encoder"), new RecurrentLayerConfig { Cell = cell, Inputs = Width, Width = Width, Deviation = 0.5 });
        using var decoder = new RecurrentLayer(root.Child("decoder"), new RecurrentLayerConfig { Cell = cell, Inputs = Width, Width = Width, Deviation = 0.5 });
        _parameters.Initialize(seed: 3);
        CheckGradients(Loss);

        double Loss()
        {
            _parameters.ZeroGradients();
            var context = new ForwardContext(_tape) { Training = true };
            var ids = _tape.CreateIntegers(new Shape(Time, Batch), Ids);
            var x = EmbeddingOperation.Apply(_tape, ids, ids, table, positionTable: null);
            var zeros = _tape.CreateZeros(new Shape(Batch, Width));
            var encoded = encoder.Forward(x, zeros, cell == RecurrentCell.Lstm ? zeros : null, context);
            var state = LastStepOperation.Apply(_tape, encoded.Hidden); // (batch, 1, width)
            var decoded = decoder.Forward(readsOutputsToo ? encoded.Hidden : x, state, encoded.LastCell, context);
            var batchMajor = TransposeOperation.Apply(_tape, decoded.Hidden); // (batch, time, width)
            var loss = CrossEntropyOperation.Apply(_tape, batchMajor, table, Targets);
            var value = loss.Item();
            _tape.Backward(loss);
            _tape.Reset();
            return value;
        }
    }

    [Fact]
    public void A_layer_learns_from_its_last_cell_alone()
    {
        var table = _parameters.Root.Child("embedding").Add("weight", new Shape(11, Width), Initializer.Normal(0.7));
        using var layer = new RecurrentLayer(
            _parameters.Root.Child("layer"), new RecurrentLayerConfig { Cell = RecurrentCell.Lstm, Inputs = Width, Width = Width, Deviation = 0.5 });
        _parameters.Initialize(seed: 3);
        CheckGradients(() =>
        {
            _parameters.ZeroGradients();
            var zeros = _tape.CreateZeros(new Shape(Batch, Width));
            var run = layer.Forward(_tape.CreateIntegers(new Shape(Time, Batch), Ids).Embed(table), zeros, zeros, new ForwardContext(_tape));
            var loss = Idiolect.Tensors.Loss.SquaredError(run.LastCell!.Value, [.. Enumerable.Range(0, Batch * Width).Select(i => i % 3)]);
            _tape.Backward(loss);
            var value = loss.Item();
            _tape.Reset();
            return value;
        });
    }

    /// <summary>The gradient's norm by each parameter against a finite difference along it.</summary>
    private void CheckGradients(Func<double> loss)
    {
        loss();
        var gradients = _parameters.All.Select(parameter => parameter.GradientValues.ToArray()).ToArray();
        foreach (var (parameter, gradient) in _parameters.All.Zip(gradients))
        {
            var norm = Goldens.Norm(gradient);
            Assert.True(norm > 1e-3, $"{parameter.Name}: {norm}");
            const float Step = 5e-3f;
            var original = parameter.Values.ToArray();
            var measured = (At(+Step) - At(-Step)) / (2 * Step);
            parameter.Assign(original);
            Assert.True(
                Math.Abs(measured - norm) < 2e-4 + (0.01 * norm), $"{parameter.Name}: the gradient's norm is {norm:G4}, finite differences give {measured:G4}.");

            double At(float step)
            {
                parameter.Assign([.. original.Select((value, i) => value + (step * (float)(gradient[i] / norm)))]);
                return loss();
            }
        }
    }
}

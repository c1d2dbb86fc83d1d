using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>A layer of recurrent cells, one direction, over time-major rows.</summary>
internal sealed class RecurrentLayer : IDisposable
{
    private readonly RecurrentCell _cell;
    private readonly Linear _input; // W, b: inputs -> gates * width
    private readonly Parameter _weight; // U (gates * width, width)
    private readonly Parameter? _bias; // (gates * width): a GRU's reset gate acts on the state's projection with its bias
    private readonly PackedMatrix _packed;

    /// <summary>Adds the layer's parameters: <c>input.weight</c>, <c>input.bias</c>, <c>recurrent.weight</c>, a GRU's <c>recurrent.bias</c>.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="cell">Which cell.</param>
    /// <param name="inputs">The width of the input.</param>
    /// <param name="width">The width of the state.</param>
    /// <param name="deviation">Of the matrices' first values.</param>
    /// <param name="forgetBias">The first bias of an LSTM's forget gate; above 0 it remembers from the start (Jozefowicz et al. 2015).</param>
    internal RecurrentLayer(ParameterScope scope, RecurrentCell cell, int inputs, int width, double deviation, double forgetBias)
    {
        _cell = cell;
        var gates = cell.GateCount() * width;
        int[] gateRows = [.. Enumerable.Repeat(width, cell.GateCount())];
        var (input, recurrent) = (scope.Child("input"), scope.Child("recurrent"));
        _input = new Linear(
            input.Add("weight", new Shape(gates, inputs), Initializer.Normal(deviation), gateRows),
            input.Add("bias", new Shape(gates), cell == RecurrentCell.Lstm ? Initializer.Block(width, width, forgetBias) : Initializer.Zeros));
        _weight = recurrent.Add("weight", new Shape(gates, width), Initializer.Normal(deviation), gateRows);
        _bias = cell == RecurrentCell.Gru ? recurrent.Add("bias", new Shape(gates), Initializer.Zeros) : null;
        _packed = new PackedMatrix(_weight);
    }

    /// <summary>Runs over a segment.</summary>
    /// <param name="x">(time, batch, inputs).</param>
    /// <param name="firstHidden">(batch, width): the state before the first step.</param>
    /// <param name="firstCell">(batch, width): an LSTM's cell before the first step; null for other cells.</param>
    /// <param name="context">The pass.</param>
    internal RecurrentResult Forward(Tensor x, Tensor firstHidden, Tensor? firstCell, ForwardContext context)
        => RecurrentOperation.Apply(
            context.Tape, _cell, _input.Forward(x, context), _weight, _bias, _packed, firstHidden, firstCell);

    public void Dispose()
    {
        _input.Dispose();
        _packed.Dispose();
    }
}

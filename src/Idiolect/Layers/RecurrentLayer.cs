using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The shape of a recurrent layer.</summary>
public sealed record RecurrentLayerConfig
{
    /// <summary>Which cell.</summary>
    public required RecurrentCell Cell { get; init; }

    /// <summary>The width of the input.</summary>
    public required int Inputs { get; init; }

    /// <summary>The width of the state.</summary>
    public required int Width { get; init; }

    /// <summary>The standard deviation of the matrices' first values.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>The first bias of an LSTM's forget gate; above 0 it remembers from the start (Jozefowicz et al. 2015).</summary>
    public double ForgetBias { get; init; } = 1;
}

/// <summary>A layer of recurrent cells, one direction, over time-major rows.</summary>
public sealed class RecurrentLayer : IDisposable
{
    private readonly RecurrentLayerConfig _config;
    private readonly Linear _input; // W, b: inputs -> gates * width
    private readonly Parameter _weight; // U (gates * width, width)
    private readonly Parameter? _bias; // (gates * width): a GRU's reset gate acts on the state's projection with its bias
    private readonly PackedMatrix _packed;

    /// <summary>Adds the layer's parameters: <c>input.weight</c>, <c>input.bias</c>, <c>recurrent.weight</c>, a GRU's <c>recurrent.bias</c>.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="config">Its shape.</param>
    public RecurrentLayer(ParameterScope scope, RecurrentLayerConfig config)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(config.Inputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.Width, 1);
        _config = config;
        var (cell, width) = (config.Cell, config.Width);
        var gates = cell.GateCount() * width;
        int[] gateRows = [.. Enumerable.Repeat(width, cell.GateCount())];
        var (input, recurrent) = (scope.Child("input"), scope.Child("recurrent"));
        _input = new Linear(
            input.Add("weight", new Shape(gates, config.Inputs), Initializer.Normal(config.Deviation), gateRows),
            input.Add(
                "bias", new Shape(gates), cell == RecurrentCell.Lstm ? Initializer.Block(width, width, config.ForgetBias) : Initializer.Zeros));
        _weight = recurrent.Add("weight", new Shape(gates, width), Initializer.Normal(config.Deviation), gateRows);
        _bias = cell == RecurrentCell.Gru ? recurrent.Add("bias", new Shape(gates), Initializer.Zeros) : null;
        _packed = new PackedMatrix(_weight);
    }

    /// <summary>Runs over a segment.</summary>
    /// <param name="x">(time, batch, inputs).</param>
    /// <param name="firstHidden">(batch, width): the state before the first step.</param>
    /// <param name="firstCell">(batch, width): an LSTM's cell before the first step; null for other cells.</param>
    /// <param name="context">The pass.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or an LSTM has no first cell, or another cell has one.</exception>
    public RecurrentResult Forward(Tensor x, Tensor firstHidden, Tensor? firstCell, ForwardContext context)
    {
        if (!IsState(firstHidden) || (firstCell is { } cell && !IsState(cell)))
        {
            throw new ArgumentException($"The first state of {x.Shape[1]} sequences is {_config.Width} wide, not {firstHidden.Shape}.", nameof(firstHidden));
        }
        if (firstCell is null == (_config.Cell == RecurrentCell.Lstm))
        {
            throw new ArgumentException("An LSTM begins with a cell, and no other does.", nameof(firstCell));
        }
        return RecurrentOperation.Apply(
            context.Tape, _config.Cell, _input.Forward(x, context), _weight, _bias, _packed, firstHidden, firstCell);

        bool IsState(Tensor tensor) => tensor.Shape.Rows == x.Shape[1] && tensor.Shape.Width == _config.Width;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _packed.Dispose();
    }
}

using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>
/// An LSTM that reads a text and writes on from its last state; with attention, each state also looks back at all states before
/// it, those of the reading included (Bahdanau et al. 2015, Luong et al. 2015).
/// </summary>
internal sealed class LabRecurrent : ITokenModel
{
    private readonly int _width;
    private readonly int _heads;
    private readonly Parameter _tokens; // (vocabulary, width)
    private readonly RecurrentLayer _layer;
    private readonly Linear? _qkv; // width -> 3 * width
    private readonly Linear? _mixed; // width -> width
    private readonly Linear _head; // width -> vocabulary

    internal LabRecurrent(int vocabulary, int width, int heads, bool attention, ulong seed, double forgetBias = 1)
    {
        (_width, _heads) = (width, heads);
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        var deviation = 1 / Math.Sqrt(3.0 * width);
        _tokens = root.Add("tokens", new Shape(vocabulary, width), Initializer.Normal(0.3));
        _layer = new RecurrentLayer(root.Child("lstm"), new RecurrentLayerConfig
        {
            Cell = RecurrentCell.Lstm,
            Inputs = width,
            Width = width,
            Deviation = deviation,
            ForgetBias = forgetBias,
        });
        if (attention)
        {
            _qkv = new Linear(root.Child("qkv"), width, 3 * width, bias: true, deviation);
            _mixed = new Linear(root.Child("mixed"), width, width, bias: true, deviation);
        }
        _head = new Linear(root.Child("head"), width, vocabulary, bias: false, deviation);
        Parameters.Initialize(seed);
    }

    public ParameterSet Parameters { get; }

    public Tensor Forward(int[] tokens, int batch, ForwardContext context)
    {
        using var states = HiddenStates(tokens, batch, context);
        return _head.Forward(states, context);
    }

    public Tensor Loss(int[] tokens, int[] targets, int batch, ForwardContext context)
    {
        using var states = HiddenStates(tokens, batch, context);
        return Tensors.Loss.CrossEntropy(states, _head.Weight, targets);
    }

    public void Dispose()
    {
        _layer.Dispose();
        _qkv?.Dispose();
        _mixed?.Dispose();
        _head.Dispose();
        Parameters.Dispose();
    }

    /// <summary>(batch, time, width).</summary>
    private Tensor HiddenStates(int[] tokens, int batch, ForwardContext context)
    {
        var (tape, time) = (context.Tape, tokens.Length / batch);
        using var ids = tape.CreateIntegers(new Shape(batch, time), tokens);
        using var embedded = ids.Embed(_tokens);
        using var steps = embedded.Transpose(); // (time, batch, width)
        using var zeros = tape.CreateZeros(new Shape(batch, _width));
        using var hidden = _layer.Forward(steps, zeros, zeros, context).Hidden;
        var states = hidden.Transpose();
        if (_qkv is null)
        {
            return states;
        }
        using var read = states;
        using var qkv = _qkv.Forward(read, context);
        using var found = qkv.Attend(_heads);
        return _mixed!.Forward(found, context).AddInPlace(read);
    }
}

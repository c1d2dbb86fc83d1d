using System.Runtime.InteropServices;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// A learned array. Values and gradients of all parameters of a model lie in two flat buffers (see <see cref="ParameterSet"/>).
/// </summary>
public sealed unsafe class Parameter
{
    private readonly ParameterSet _set;
    private GradientState _gradient; // the system hands out zeros

    internal Parameter(ParameterSet set, string name, Shape shape, Initializer initializer)
    {
        _set = set;
        Name = name;
        Shape = shape;
        Initializer = initializer;
    }

    /// <summary>Its path in the model, such as <c>layers.0.attention.qkv.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Its shape: (out, in) for the matrix of a linear layer.</summary>
    public Shape Shape { get; }

    /// <summary>The number of its elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Whether decoupled weight decay applies: to matrices, not to biases and gains (as in GPT-2's training).</summary>
    public bool Decays => Shape.Rank >= 2;

    /// <summary>Whether a backward pass computes its gradient; off for a frozen parameter.</summary>
    public bool RequiresGradient { get; set; } = true;

    /// <summary>The values, to read.</summary>
    public ReadOnlySpan<float> Values => new(Data, checked((int)Count));

    /// <summary>The gradient, to read.</summary>
    public ReadOnlySpan<float> GradientValues
    {
        get
        {
            SettleGradient();
            return new ReadOnlySpan<float>(_set.RawGradients + Offset, checked((int)Count));
        }
    }

    /// <summary>The gradient, to change: before an update, say, to tie two matrices or to add a penalty of one's own.</summary>
    public Span<float> MutableGradient => new(Gradient, checked((int)Count));

    /// <summary>
    /// The rows of each hidden matrix stacked in it (query, key and value are three); empty for an embedding, an output layer or a vector.
    /// </summary>
    internal int[] HiddenRows { get; init; } = [];

    internal Initializer Initializer { get; }

    internal float* Data => _set.Values + Offset;

    /// <summary>The gradient, to add to.</summary>
    internal float* Gradient
    {
        get
        {
            SettleGradient();
            _gradient = GradientState.Written;
            return _set.RawGradients + Offset;
        }
    }

    /// <summary>Rises whenever the values change, so that what was derived from them (packed weights) is known to be stale.</summary>
    internal int Version { get; private set; }

    /// <summary>Where its elements begin in the flat buffers.</summary>
    internal long Offset { get; set; }

    /// <summary>Changes the values.</summary>
    /// <param name="values">As many floats as <see cref="Count"/>.</param>
    public void Assign(ReadOnlySpan<float> values)
    {
        if (values.Length != Count)
        {
            throw new ArgumentException($"{Name} has {Count} elements, not {values.Length}.", nameof(values));
        }
        values.CopyTo(MutableValues);
    }

    /// <summary>The values, to write; whoever asks for it is about to change them.</summary>
    public Span<float> MutableValues
    {
        get
        {
            Touch();
            return new Span<float>(Data, checked((int)Count));
        }
    }

    internal void Touch() => Version++;

    /// <summary>
    /// The gradient for a product that adds to it. The first one of a step writes instead, so that a large matrix's gradient is
    /// neither set to zero in memory nor read back.
    /// </summary>
    /// <param name="start">Whether to write or to add.</param>
    internal float* AddingProduct(out GemmStart start)
    {
        start = _gradient == GradientState.Written ? GemmStart.Accumulate : GemmStart.Zero;
        _gradient = GradientState.Written;
        return _set.RawGradients + Offset;
    }

    /// <summary>Says that the gradient is zero from here on, whatever its memory holds.</summary>
    internal void ForgetGradient()
    {
        if (_gradient == GradientState.Written)
        {
            _gradient = GradientState.Forgotten;
        }
    }

    /// <summary>Makes the memory say what the gradient is.</summary>
    internal void SettleGradient()
    {
        if (_gradient == GradientState.Forgotten)
        {
            NativeMemory.Clear(_set.RawGradients + Offset, (nuint)Count * sizeof(float));
            _gradient = GradientState.Zero;
        }
    }

    /// <summary>What a gradient's memory holds.</summary>
    private enum GradientState
    {
        /// <summary>Zeros.</summary>
        Zero,

        /// <summary>Leftovers of another step, which count as zeros.</summary>
        Forgotten,

        /// <summary>The gradient.</summary>
        Written,
    }
}

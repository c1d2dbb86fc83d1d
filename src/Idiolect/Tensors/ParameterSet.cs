using System.Collections;
using System.Text;
using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Tensors;

/// <summary>
/// All parameters of a model in one flat buffer of values and one of gradients, in the order in which a backward pass
/// finishes them (last layer first), so that an optimiser or an all-reduce can walk straight through.
/// </summary>
public sealed unsafe class ParameterSet : IDisposable, IReadOnlyCollection<Parameter>
{
    internal const int Line = 16; // floats in a 64-byte cache line: every parameter starts on one

    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName = [];
    private float* _values;
    private float* _gradients;
    private bool _disposed;

    /// <summary>The parameters in the order of the model's definition.</summary>
    public IReadOnlyList<Parameter> All => _parameters;

    /// <summary>The number of learned numbers.</summary>
    public long Count { get; private set; }

    int IReadOnlyCollection<Parameter>.Count => _parameters.Count;

    /// <summary>
    /// Held by whoever runs a pass where threads may share the model, whose layers keep buffers of a pass. Generation, evaluation and training take it for
    /// each pass, and training for each update.
    /// </summary>
    public Lock OnePass { get; } = new();

    /// <summary>How often parameters were added to the finished model: what knows places in the flat buffers is stale after each.</summary>
    internal int Extensions { get; private set; }

    /// <summary>Floats in each flat buffer, padding included (the padding is zero and stays zero).</summary>
    internal long FlatLength { get; private set; }

    internal float* Values
    {
        get
        {
            RequireMemory();
            return _values;
        }
    }

    /// <summary>The flat gradients, to read.</summary>
    internal float* Gradients
    {
        get
        {
            foreach (var parameter in _parameters)
            {
                parameter.SettleGradient();
            }
            return RawGradients;
        }
    }

    /// <summary>
    /// Their memory, which a <see cref="Parameter"/> knows how to read; taken from the system (as zeros) at first use, since inference needs none.
    /// </summary>
    internal float* RawGradients
    {
        get
        {
            RequireMemory();
            return _gradients == null ? _gradients = Allocate() : _gradients;
        }
    }

    /// <summary>Where a model's layers add their parameters, before <see cref="Initialize"/>.</summary>
    public ParameterScope Root => new(this, "");

    /// <summary>The parameter of that name.</summary>
    /// <param name="name">Its path.</param>
    public Parameter this[string name] => _byName[name];

    /// <summary>The parameters in the order of the model's definition.</summary>
    public List<Parameter>.Enumerator GetEnumerator() => _parameters.GetEnumerator(); // a struct: All's would be an object a step

    IEnumerator<Parameter> IEnumerable<Parameter>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Leaves all parameters as they are from now on: no backward pass computes their gradients.</summary>
    public void Freeze()
    {
        foreach (var parameter in _parameters)
        {
            parameter.RequiresGradient = false;
        }
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients()
    {
        foreach (var parameter in _parameters)
        {
            parameter.ForgetGradient();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        NativeBuffer.Free(_values);
        NativeBuffer.Free(_gradients);
        _values = null;
        _gradients = null;
    }

    internal Parameter Add(string name, Shape shape, Initializer initializer, params int[] hiddenRows)
    {
        if (_values != null)
        {
            throw new InvalidOperationException("Parameters are added before they are allocated.");
        }
        if (hiddenRows.Length > 0 && (shape.Rank != 2 || hiddenRows.Any(rows => rows < 1) || hiddenRows.Sum() != shape[0]))
        {
            throw new ArgumentException($"{name}: matrices of {string.Join(" + ", hiddenRows)} rows are not stacked in shape {shape}.", nameof(hiddenRows));
        }
        var parameter = new Parameter(this, name, shape, initializer) { HiddenRows = hiddenRows };
        _byName.Add(name, parameter);
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Lays the buffers out once all parameters are known.</summary>
    internal void Build()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (var i = _parameters.Count - 1; i >= 0; i--)
        {
            _parameters[i].Offset = FlatLength;
            FlatLength += RoundUp(_parameters[i].Count, Line);
            Count += _parameters[i].Count;
        }
        _values = Allocate();
    }

    /// <summary>
    /// Adds a parameter to a finished model, such as the head of a classifier; the others keep their values and lose their gradients. Not within a step.
    /// </summary>
    /// <param name="name">Its path.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="initializer">Its first values.</param>
    /// <param name="seed">These are a pure function of the seed and the name.</param>
    /// <exception cref="ArgumentException">The model has a parameter of that name.</exception>
    internal Parameter Extend(string name, Shape shape, Initializer initializer, ulong seed)
    {
        if (_byName.ContainsKey(name))
        {
            throw new ArgumentException($"The model has a parameter {name} already.", nameof(name));
        }
        var values = Values;
        var added = new Parameter(this, name, shape, initializer);
        var room = RoundUp(added.Count, Line); // the last parameter of the definition lies first, see Build
        var extended = NativeBuffer.AllocateZeroed(room + FlatLength); // from here on nothing fails
        Buffer.MemoryCopy(values, extended + room, FlatLength * sizeof(float), FlatLength * sizeof(float));
        NativeBuffer.Free(values);
        NativeBuffer.Free(_gradients);
        _values = extended;
        _gradients = null;
        Extensions++;
        FlatLength += room;
        Count += added.Count;
        foreach (var parameter in _parameters)
        {
            parameter.Offset += room;
        }
        _byName.Add(name, added);
        _parameters.Add(added);
        initializer.Fill(added.Data, added.Count, CounterRandom.Derive(seed, HashName(name)));
        Touch();
        return added;
    }

    /// <summary>
    /// Gives every parameter its first values: a pure function of the seed and the parameter's name. A model's constructor calls it when all
    /// of its layers are made: from then on there is memory, and no parameter is added.
    /// </summary>
    /// <param name="seed">The seed.</param>
    public void Initialize(ulong seed)
    {
        if (_values == null)
        {
            Build();
        }
        foreach (var parameter in _parameters)
        {
            parameter.Initializer.Fill(parameter.Data, parameter.Count, CounterRandom.Derive(seed, HashName(parameter.Name)));
            parameter.Touch();
        }
    }

    /// <summary>Says that the values have changed.</summary>
    internal void Touch()
    {
        foreach (var parameter in _parameters)
        {
            parameter.Touch();
        }
    }

    /// <summary>FNV-1a: a name as a word of a random key, the same in every process.</summary>
    internal static ulong HashName(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }
        return hash;
    }

    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    /// <exception cref="InvalidOperationException">There is none yet.</exception>
    private void RequireMemory()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_values == null)
        {
            throw new InvalidOperationException($"The parameters have no memory yet: {nameof(Initialize)} gives it, when all layers are made.");
        }
    }

    private float* Allocate() => NativeBuffer.AllocateZeroed(Math.Max(Line, FlatLength));
}

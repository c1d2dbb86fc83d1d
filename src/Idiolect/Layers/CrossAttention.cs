using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The shape of a cross-attention.</summary>
public sealed record CrossAttentionConfig
{
    /// <summary>The width of both streams, a multiple of the heads.</summary>
    public required int Width { get; init; }

    /// <summary>Heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>The probability with which a weight, or an output, is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The standard deviation of the matrices' first values.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>The layer's number in the key-value cache.</summary>
    public int Layer { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeadCount, 1);
        if (Width % HeadCount != 0)
        {
            throw new ArgumentException($"{nameof(Width)}: {Width} must be a multiple of the {HeadCount} heads.");
        }
    }
}

/// <summary>
/// Multi-head attention from a decoder to an encoder's output (Vaswani et al. 2017, section 3.2.3): queries come from the one,
/// keys and values from the other.
/// </summary>
public sealed class CrossAttention : IDisposable
{
    private readonly CrossAttentionConfig _config;
    private readonly Linear _query; // width -> width
    private readonly Linear _keyValue; // width -> 2 * width: key, value
    private readonly Linear _output; // width -> width
    private readonly Dropout _weightsDropout;
    private readonly Dropout _outputDropout;

    /// <summary>Adds the layer's parameters: <c>query</c>, <c>key_value</c> and <c>output</c>.</summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">The shape makes no sense.</exception>
    public CrossAttention(ParameterScope scope, CrossAttentionConfig config)
    {
        config.Validate();
        _config = config;
        var (width, deviation) = (config.Width, config.Deviation);
        _query = new Linear(scope.Child("query"), width, width, bias: true, deviation);
        _keyValue = new Linear(scope.Child("key_value"), width, [width, width], bias: true, deviation);
        _output = new Linear(scope.Child("output"), width, width, bias: true, deviation);
        _weightsDropout = new Dropout(scope.Child("weights"), config.Dropout);
        _outputDropout = new Dropout(scope, config.Dropout);
    }

    /// <summary>Attends to whole encoded sequences.</summary>
    /// <param name="x">(batch, time, width): the decoder's stream.</param>
    /// <param name="encoded">(batch, source time, width).</param>
    /// <param name="lengths">(batch): the rows of each encoded sequence that are no padding.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of x.</returns>
    public Tensor Forward(Tensor x, Tensor encoded, IntegerTensor lengths, ForwardContext context)
    {
        using var query = _query.Forward(x, context); // (batch, time, width)
        using var keyValue = _keyValue.Forward(encoded, context); // (batch, source time, 2 * width)
        using var mixed = AttentionOperation.ApplyCross(
            context.Tape, query, keyValue, _config.HeadCount, lengths, _weightsDropout.OfAttention(context));
        return _outputDropout.ForwardInPlace(_output.Forward(mixed, context), context);
    }

    /// <summary>Keeps the keys and values of an encoded sequence, for <see cref="ForwardCached"/>.</summary>
    internal void Store(Tensor encoded, KeyValueCache cache, ForwardContext context)
    {
        using var keyValue = _keyValue.Forward(encoded, context); // (batch, source time, 2 * width)
        cache.Store(_config.Layer, keyValue);
    }

    /// <summary>Attends to what <see cref="Store"/> kept; for inference only.</summary>
    /// <param name="x">(rows, 1, width), as many rows for each sequence of the cache.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="context">The pass.</param>
    internal Tensor ForwardCached(Tensor x, KeyValueCache cache, ForwardContext context)
    {
        using var query = _query.Forward(x, context);
        using var mixed = AttentionOperation.ApplyCrossCached(context.Tape, query, _config.HeadCount, cache, _config.Layer);
        return _output.Forward(mixed, context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _query.Dispose();
        _keyValue.Dispose();
        _output.Dispose();
    }
}

using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>
/// Multi-head attention from a decoder to an encoder's output (Vaswani et al. 2017, section 3.2.3): queries come from the one,
/// keys and values from the other.
/// </summary>
internal sealed class CrossAttention : IDisposable
{
    private readonly int _heads;
    private readonly Linear _query; // width -> width
    private readonly Linear _keyValue; // width -> 2 * width: key, value
    private readonly Linear _output; // width -> width
    private readonly Dropout _weightsDropout;
    private readonly Dropout _outputDropout;

    internal CrossAttention(ParameterScope scope, int width, int heads, float dropout, double deviation)
    {
        _heads = heads;
        _query = new Linear(scope.Child("query"), width, width, bias: true, deviation);
        _keyValue = new Linear(scope.Child("key_value"), width, [width, width], bias: true, deviation);
        _output = new Linear(scope.Child("output"), width, width, bias: true, deviation);
        _weightsDropout = new Dropout(scope.Child("weights"), dropout);
        _outputDropout = new Dropout(scope, dropout);
    }

    /// <summary>Attends to whole encoded sequences.</summary>
    /// <param name="x">(batch, time, width): the decoder's stream.</param>
    /// <param name="encoded">(batch, source time, width).</param>
    /// <param name="lengths">(batch) integers: the rows of each encoded sequence that are no padding.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of x.</returns>
    internal Tensor Forward(Tensor x, Tensor encoded, Tensor lengths, ForwardContext context)
    {
        using var query = _query.Forward(x, context); // (batch, time, width)
        using var keyValue = _keyValue.Forward(encoded, context); // (batch, source time, 2 * width)
        using var mixed = AttentionOperation.ApplyCross(
            context.Tape, query, keyValue, _heads, lengths, _weightsDropout.OfAttention(context));
        return _outputDropout.Forward(_output.Forward(mixed, context), context);
    }

    /// <summary>Keeps the keys and values of an encoded sequence, for <see cref="ForwardCached"/>.</summary>
    internal void Store(Tensor encoded, KeyValueCache cache, int layer, ForwardContext context)
    {
        using var keyValue = _keyValue.Forward(encoded, context); // (batch, source time, 2 * width)
        cache.Store(layer, keyValue);
    }

    /// <summary>Attends to what <see cref="Store"/> kept; for inference only.</summary>
    /// <param name="x">(rows, 1, width), as many rows for each sequence of the cache.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="layer">This layer's number in it.</param>
    /// <param name="context">The pass.</param>
    internal Tensor ForwardCached(Tensor x, KeyValueCache cache, int layer, ForwardContext context)
    {
        using var query = _query.Forward(x, context);
        using var mixed = AttentionOperation.ApplyCrossCached(context.Tape, query, _heads, cache, layer);
        return _output.Forward(mixed, context);
    }

    public void Dispose()
    {
        _query.Dispose();
        _keyValue.Dispose();
        _output.Dispose();
    }
}

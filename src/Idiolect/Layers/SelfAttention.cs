using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>
/// Multi-head self-attention (Vaswani et al. 2017, section 3.2), causal in a decoder, with grouped key-value heads (Ainslie et al. 2023),
/// rotary positions (Su et al. 2021) and normalised queries and keys (Henry et al. 2020) where the model wants them.
/// </summary>
internal sealed class SelfAttention : IDisposable
{
    private readonly int _heads;
    private readonly int _keyValueHeads;
    private readonly int _headSize;
    private readonly Linear _qkv; // width -> (heads + 2 * key-value heads) * head size: query, key, value
    private readonly Linear _output; // heads * head size -> width
    private readonly Parameter? _queryGain; // (head size)
    private readonly Parameter? _keyGain; // (head size)
    private readonly float _epsilon;
    private readonly bool _causal;
    private readonly RotaryTable? _rotary;
    private readonly Dropout _weightsDropout;
    private readonly Dropout _outputDropout;

    internal SelfAttention(
        ParameterScope scope, int width, int heads, int keyValueHeads, int headSize, bool bias, bool normalizeQueryKey, float epsilon,
        RotaryTable? rotary, float dropout, double deviation, double residualDeviation, bool causal = true)
    {
        _causal = causal;
        (_heads, _keyValueHeads, _headSize, _rotary, _epsilon) = (heads, keyValueHeads, headSize, rotary, epsilon);
        _qkv = new Linear(scope.Child("qkv"), width, [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize], bias, deviation);
        _output = new Linear(scope.Child("output"), heads * headSize, width, bias, residualDeviation);
        if (normalizeQueryKey)
        {
            _queryGain = scope.Child("query_norm").Add("weight", new Shape(headSize), Initializer.Ones);
            _keyGain = scope.Child("key_norm").Add("weight", new Shape(headSize), Initializer.Ones);
        }
        _weightsDropout = new Dropout(scope.Child("weights"), dropout);
        _outputDropout = new Dropout(scope, dropout);
    }

    /// <summary>(batch, time, width) to the same.</summary>
    /// <param name="x">The normalised residual stream.</param>
    /// <param name="positions">(batch, time) integers: the position of each row in its text.</param>
    /// <param name="layer">This layer's number, for the cache.</param>
    /// <param name="context">The pass.</param>
    /// <param name="lengths">(batch) integers: the rows of each sequence that are no padding; null for all.</param>
    internal Tensor Forward(Tensor x, Tensor positions, int layer, ForwardContext context, Tensor? lengths = null)
    {
        var tape = context.Tape;
        var qkv = _qkv.Forward(x, context); // (batch, time, (heads + 2 * key-value heads) * head size)
        if (_queryGain != null)
        {
            using var raw = qkv;
            qkv = QueryKeyNormOperation.Apply(tape, raw, _queryGain, _keyGain!, _heads, _keyValueHeads, _epsilon);
        }
        if (_rotary != null)
        {
            qkv = RopeOperation.Apply(tape, qkv, _heads + _keyValueHeads, _rotary, positions);
        }
        using var projected = qkv;
        using var mixed = Mix(projected, layer, context, lengths); // (batch, time, heads * head size)
        return _outputDropout.Forward(_output.Forward(mixed, context), context);
    }

    public void Dispose()
    {
        _qkv.Dispose();
        _output.Dispose();
    }

    private Tensor Mix(Tensor qkv, int layer, ForwardContext context, Tensor? lengths)
    {
        if (context.Cache is not { } cache)
        {
            return AttentionOperation.Apply(
                context.Tape, qkv, _heads, _keyValueHeads, _headSize, _weightsDropout.OfAttention(context),
                _causal, lengths);
        }
        cache.Store(layer, qkv);
        return AttentionOperation.ApplyCached(context.Tape, qkv, _heads, cache, layer);
    }
}

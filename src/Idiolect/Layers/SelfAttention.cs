using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The shape of a self-attention.</summary>
public sealed record SelfAttentionConfig
{
    /// <summary>The width of the stream.</summary>
    public required int Width { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads, a divisor of the query heads (Ainslie et al. 2023); by default as many.</summary>
    public int KeyValueHeadCount { get => field == 0 ? HeadCount : field; init; }

    /// <summary>The size of a head; by default the width divided by the heads.</summary>
    public int HeadSize { get => field == 0 ? Width / Math.Max(1, HeadCount) : field; init; }

    /// <summary>Whether the projections have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether a position sees only itself and those before.</summary>
    public bool Causal { get; init; } = true;

    /// <summary>Rotary positions (Su et al. 2021), or null; the caller keeps the table as long as the layer lives.</summary>
    public RotaryTable? Rotary { get; init; }

    /// <summary>Whether queries and keys are normalised head by head before they are rotated (Henry et al. 2020).</summary>
    public bool NormalizeQueryKey { get; init; }

    /// <summary>What their norms add to a mean square.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>The probability with which a weight, or an output, is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The standard deviation of the projections' first values.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>That of the output's, which writes into the stream; by default the same.</summary>
    public double? OutputDeviation { get; init; }

    /// <summary>The layer's number in the key-value cache.</summary>
    public int Layer { get; init; }

    internal void Validate()
    {
        foreach (var (name, value) in new[] { (nameof(Width), Width), (nameof(HeadCount), HeadCount), (nameof(HeadSize), HeadSize) })
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        }
        if (HeadCount % KeyValueHeadCount != 0)
        {
            throw new ArgumentException($"{nameof(KeyValueHeadCount)}: {KeyValueHeadCount} must divide the {HeadCount} heads.");
        }
        if (Rotary != null && Rotary.HeadSize != HeadSize)
        {
            throw new ArgumentException($"{nameof(Rotary)}: the table is for heads of {Rotary.HeadSize}, not {HeadSize}.");
        }
    }
}

/// <summary>
/// Multi-head self-attention (Vaswani et al. 2017, section 3.2), causal in a decoder, with grouped key-value heads (Ainslie et al. 2023),
/// rotary positions (Su et al. 2021) and normalised queries and keys (Henry et al. 2020) where the model wants them.
/// </summary>
public sealed class SelfAttention : IDisposable
{
    private readonly SelfAttentionConfig _config;
    private readonly Linear _qkv; // width -> (heads + 2 * key-value heads) * head size: query, key, value
    private readonly Linear _output; // heads * head size -> width
    private readonly Parameter? _queryGain; // (head size)
    private readonly Parameter? _keyGain; // (head size)
    private readonly Dropout _weightsDropout;
    private readonly Dropout _outputDropout;

    /// <summary>
    /// Adds the layer's parameters: <c>qkv</c> and <c>output</c>, and <c>query_norm</c> and <c>key_norm</c> where they are normalised.
    /// </summary>
    /// <param name="scope">The layer's place.</param>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">The shape makes no sense.</exception>
    public SelfAttention(ParameterScope scope, SelfAttentionConfig config)
    {
        config.Validate();
        _config = config;
        var (heads, keysOrValues) = (config.HeadCount * config.HeadSize, config.KeyValueHeadCount * config.HeadSize);
        _qkv = new Linear(scope.Child("qkv"), config.Width, [heads, keysOrValues, keysOrValues], config.Bias, config.Deviation);
        _output = new Linear(scope.Child("output"), heads, config.Width, config.Bias, config.OutputDeviation ?? config.Deviation);
        if (config.NormalizeQueryKey)
        {
            _queryGain = scope.Child("query_norm").Add("weight", new Shape(config.HeadSize), Initializer.Ones);
            _keyGain = scope.Child("key_norm").Add("weight", new Shape(config.HeadSize), Initializer.Ones);
        }
        _weightsDropout = new Dropout(scope.Child("weights"), config.Dropout);
        _outputDropout = new Dropout(scope, config.Dropout);
    }

    /// <summary>What the layer finds: <see cref="Project"/>, then <see cref="Mix"/>.</summary>
    /// <param name="x">(batch, time, width): the normalised residual stream.</param>
    /// <param name="positions">(batch, time): the position of each row in its text.</param>
    /// <param name="context">The pass; with a cache, the rows follow what it holds.</param>
    /// <param name="lengths">(batch): the rows of each sequence that are no padding; null for all.</param>
    /// <returns>(batch, time, width).</returns>
    public Tensor Forward(Tensor x, IntegerTensor positions, ForwardContext context, IntegerTensor? lengths = null)
    {
        using var qkv = Project(x, positions, context);
        return Mix(qkv, context, lengths);
    }

    /// <summary>Queries, keys and values, normalised and rotated where the layer does that.</summary>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="positions">(batch, time).</param>
    /// <param name="context">The pass.</param>
    /// <returns>(batch, time, (heads + 2 * key-value heads) * head size).</returns>
    public Tensor Project(Tensor x, IntegerTensor positions, ForwardContext context)
    {
        var qkv = _qkv.Forward(x, context);
        if (_queryGain != null)
        {
            using var raw = qkv;
            qkv = QueryKeyNormOperation.Apply(
                context.Tape, raw, _queryGain, _keyGain!, _config.HeadCount, _config.KeyValueHeadCount, _config.NormEpsilon);
        }
        return _config.Rotary is { } rotary
            ? qkv.RotateInPlace(_config.HeadCount + _config.KeyValueHeadCount, rotary, positions)
            : qkv;
    }

    /// <summary>Attention, and the projection of what it found into the stream.</summary>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size), as <see cref="Project"/> returns it.</param>
    /// <param name="context">The pass.</param>
    /// <param name="lengths">(batch), or null for all.</param>
    /// <returns>(batch, time, width).</returns>
    public Tensor Mix(Tensor qkv, ForwardContext context, IntegerTensor? lengths = null)
    {
        using var mixed = Attend(qkv, context, lengths); // (batch, time, heads * head size)
        return _outputDropout.ForwardInPlace(_output.Forward(mixed, context), context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _qkv.Dispose();
        _output.Dispose();
    }

    private Tensor Attend(Tensor qkv, ForwardContext context, IntegerTensor? lengths)
    {
        if (context.Cache is not { } cache)
        {
            return AttentionOperation.Apply(
                context.Tape, qkv, _config.HeadCount, _config.KeyValueHeadCount, _config.HeadSize, _weightsDropout.OfAttention(context),
                _config.Causal, lengths);
        }
        return qkv.Attend(_config.HeadCount, cache, _config.Layer);
    }
}

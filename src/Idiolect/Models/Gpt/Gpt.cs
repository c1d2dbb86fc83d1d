using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// A decoder-only transformer (Radford et al. 2019, Touvron et al. 2023). Tokens become vectors; each block reads the
/// residual stream, first by attention over earlier positions and then by a feed-forward network at each position, and adds
/// what it found; the last state of the stream, normalised, is compared with every token's vector to predict the next one.
/// </summary>
public sealed class Gpt : ILanguageModel
{
    private readonly Embedding _tokenEmbedding; // (vocabulary, width)
    private readonly Embedding? _positionEmbedding; // (context, width)
    private readonly RotaryTable? _rotary;
    private readonly Dropout _embeddingDropout;
    private readonly Block[] _blocks;
    private readonly Norm _finalNorm;
    private readonly Linear _head; // width -> vocabulary

    /// <summary>Makes a model with fresh weights: N(0, 0.02), and 0.02 / sqrt(2 * layers) for what writes into the stream.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Weights are a pure function of it.</param>
    public Gpt(GptConfig config, ulong seed = 0)
        : this(config)
        => Parameters.Initialize(seed);

    private Gpt(GptConfig config)
    {
        config.Validate();
        Config = config;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        const double Deviation = 0.02;
        var residualDeviation = Deviation / Math.Sqrt(2.0 * config.LayerCount);

        _tokenEmbedding = new Embedding(root.Child("token_embedding"), config.VocabularySize, config.Width, Deviation);
        if (config.LearnedPositions)
        {
            _positionEmbedding = new Embedding(root.Child("position_embedding"), config.ContextLength, config.Width, Deviation);
        }
        else
        {
            _rotary = new RotaryTable(config.ContextLength, config.HeadSize, config.RopeTheta);
        }
        _embeddingDropout = new Dropout(root.Child("token_embedding"), config.Dropout);
        _blocks = new Block[config.LayerCount];
        for (var i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new Block(root.Child($"layers.{i}"), config, i, _rotary, Deviation, residualDeviation);
        }
        _finalNorm = new Norm(root.Child("final_norm"), config.Norm, config.Width, config.Bias, config.NormEpsilon);
        var head = config.TiedEmbedding
            ? _tokenEmbedding.Weight
            : root.Child("head").Add("weight", new Shape(config.VocabularySize, config.Width), Initializer.Normal(Deviation));
        _head = new Linear(head, bias: null);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public GptConfig Config { get; }

    /// <summary>The learned numbers.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The output layer's matrix, (vocabulary, width).</summary>
    public Parameter OutputWeight => _head.Weight;

    /// <summary>A model whose weights are still zero, to be filled from a file.</summary>
    internal static Gpt CreateEmpty(GptConfig config) => new(config);

    /// <summary>The scores of every token as the next one, at every position.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass; with a cache, the tokens continue what it holds.</param>
    /// <param name="lastOnly">Whether only the last position's scores are wanted.</param>
    /// <returns>(batch, time, vocabulary) logits, or (batch, 1, vocabulary).</returns>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, or there are more positions than the context.</exception>
    public Tensor Forward(ReadOnlySpan<int> tokens, int batch, ForwardContext context, bool lastOnly = false)
    {
        using var stream = HiddenStates(tokens, batch, context); // (batch, time, width)
        if (!lastOnly || stream.Shape[1] == 1)
        {
            return _head.Forward(stream, context);
        }
        using var last = stream.LastPosition(); // (batch, 1, width)
        return _head.Forward(last, context);
    }

    /// <summary>The mean cross-entropy of the next tokens, in nats a token.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="targets">(batch, time): the token that follows each, or -1 where it does not count.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass. When its tape records, call <see cref="Tape.Backward"/> on the result.</param>
    /// <returns>A tensor of one element.</returns>
    public Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context)
    {
        using var stream = HiddenStates(tokens, batch, context); // (batch, time, width)
        return Tensors.Loss.CrossEntropy(stream, _head.Weight, targets);
    }

    /// <summary>An empty cache for texts that this model continues.</summary>
    /// <param name="batch">Texts at once.</param>
    public KeyValueCache CreateCache(int batch)
        => new(batch, Config.LayerCount, Config.KeyValueHeadCount, Config.HeadSize, Config.ContextLength);

    IModelConfig IModel.Config => Config;

    ISequenceMemory ILanguageModel.CreateMemory(int batch) => CreateCache(batch);

    /// <inheritdoc/>
    public void Dispose()
    {
        _rotary?.Dispose();
        _head.Dispose();
        foreach (var block in _blocks)
        {
            block.Dispose();
        }
        Parameters.Dispose();
    }

    /// <summary>The log-probability of a given token at every position, for losses of one's own.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="targets">(batch, time): the token whose log-probability is asked for at each, or -1 for none.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass.</param>
    /// <param name="entropies">Whether the entropy of each position's distribution is wanted, too.</param>
    /// <returns>(batch, time) numbers.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    public TokenLogProbabilities TokenLogProbabilities(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context, bool entropies = false)
    {
        using var stream = HiddenStates(tokens, batch, context); // (batch, time, width)
        return Tensors.Loss.TokenLogProbabilities(stream, OutputWeight, targets, entropies);
    }

    /// <summary>The residual stream after all blocks, normalised: what the output layer and the heads of other tasks read.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass; with a cache, the tokens continue what it holds.</param>
    /// <returns>(batch, time, width).</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    public Tensor HiddenStates(ReadOnlySpan<int> tokens, int batch, ForwardContext context)
    {
        var time = TokenIds.Time(tokens, batch, Config.VocabularySize, nameof(tokens));
        if (context.Cache is { } cache)
        {
            Check(cache, batch, context);
        }
        var past = context.Cache?.Length ?? 0;
        if (past + time > Config.ContextLength)
        {
            throw new ArgumentException(
                $"{past + time} positions are more than the model's context of {Config.ContextLength}.", nameof(tokens));
        }
        var tape = context.Tape;
        context.Cache?.Begin(time);

        using var ids = tape.CreateIntegers(new Shape(batch, time), tokens);
        using var positions = tape.CreatePositions(batch, time, past);
        var embedded = _tokenEmbedding.Forward(ids, positions, _positionEmbedding);
        var stream = new ResidualStream(_embeddingDropout.ForwardInPlace(embedded, context));
        foreach (var block in _blocks)
        {
            if (context.Recompute)
            {
                stream = new ResidualStream(RecomputedOperation<ForwardContext>.Apply(tape, block.Segment, stream.Take(), positions, context));
            }
            else
            {
                block.Forward(ref stream, positions, context);
            }
        }
        context.Cache?.Advance();
        var normalized = stream.Read(_finalNorm, context);
        stream.Dispose();
        return normalized;
    }

    private void Check(KeyValueCache cache, int batch, ForwardContext context)
    {
        if (context.Tape.Recording)
        {
            throw new ArgumentException("A cache is for inference: its tape must not record.", nameof(context));
        }
        if (cache.Batch != batch)
        {
            throw new ArgumentException($"The cache holds {cache.Batch} sequences, the input {batch}.", nameof(batch));
        }
        if (!cache.Fits(Config.LayerCount, Config.KeyValueHeadCount, Config.HeadSize, Config.ContextLength))
        {
            throw new ArgumentException("The cache was made by a model of another shape.", nameof(context));
        }
    }

    /// <summary>One layer: x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
    private sealed class Block : IDisposable
    {
        private readonly Norm _attentionNorm;
        private readonly SelfAttention _attention;
        private readonly Norm _feedForwardNorm;
        private readonly FeedForward _feedForward;

        internal Block(ParameterScope scope, GptConfig c, int index, RotaryTable? rotary, double deviation, double residualDeviation)
        {
            Segment = Run;
            _attentionNorm = new Norm(scope.Child("attention_norm"), c.Norm, c.Width, c.Bias, c.NormEpsilon);
            _attention = new SelfAttention(scope.Child("attention"), new SelfAttentionConfig
            {
                Width = c.Width,
                HeadCount = c.HeadCount,
                KeyValueHeadCount = c.KeyValueHeadCount,
                HeadSize = c.HeadSize,
                Bias = c.Bias,
                Rotary = rotary,
                NormalizeQueryKey = c.NormalizeQueryKey,
                NormEpsilon = c.NormEpsilon,
                Dropout = c.Dropout,
                Deviation = deviation,
                OutputDeviation = residualDeviation,
                Layer = index,
            });
            _feedForwardNorm = new Norm(scope.Child("feed_forward_norm"), c.Norm, c.Width, c.Bias, c.NormEpsilon);
            _feedForward = new FeedForward(scope.Child("feed_forward"), new FeedForwardConfig
            {
                Width = c.Width,
                HiddenWidth = c.FeedForwardWidth,
                Activation = c.Activation,
                Bias = c.Bias,
                Dropout = c.Dropout,
                Deviation = deviation,
                OutputDeviation = residualDeviation,
            });
        }

        /// <summary><see cref="Run"/>, made once.</summary>
        internal Segment<ForwardContext> Segment { get; }

        internal void Forward(ref ResidualStream stream, IntegerTensor positions, ForwardContext context)
        {
            using var attentionInput = stream.Read(_attentionNorm, context);
            stream.Write(_attention.Forward(attentionInput, positions, context));
            using var feedForwardInput = stream.Read(_feedForwardNorm, context);
            stream.Write(_feedForward.Forward(feedForwardInput, context));
        }

        /// <summary>The whole block, from stream to stream: what is run again when its inside was not kept.</summary>
        private Tensor Run(Tensor x, IntegerTensor positions, ForwardContext context)
        {
            var stream = new ResidualStream(x);
            Forward(ref stream, positions, context);
            return stream.Take();
        }

        public void Dispose()
        {
            _attention.Dispose();
            _feedForward.Dispose();
        }
    }
}

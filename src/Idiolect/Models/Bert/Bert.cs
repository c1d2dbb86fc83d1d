using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// BERT (Devlin et al. 2019): an encoder alone. Tokens become vectors, to which their position adds one; in each layer every token looks
/// at all others, to the left and to the right, so that a state knows its whole text. Such a model cannot write, for it would see what it
/// is to predict: it learns by filling gaps, tokens that were masked in its input (section 3.1, task 1). The paper's second task,
/// next-sentence prediction, is left out, as it helps little (Liu et al. 2019).
/// </summary>
public sealed class Bert : IModel
{
    private const int PaperWidth = 768;

    private readonly Embedding _wordEmbedding; // (vocabulary, width)
    private readonly Embedding _positionEmbedding; // (context, width)
    private readonly Embedding _tokenTypeEmbedding; // (token types, width): of two-sentence inputs; ours are all of type 0
    private readonly Norm _embeddingNorm;
    private readonly Dropout _embeddingDropout;
    private readonly EncoderLayer[] _layers;
    private readonly Linear _transform; // width -> width, before the output layer
    private readonly Norm _transformNorm;
    private readonly Parameter _outputBias; // (vocabulary)
    private readonly Linear _output; // width -> vocabulary: the embedding's matrix, and a bias
    private int[] _places = [];

    /// <summary>Makes a model with fresh weights: N(0, 0.02 sqrt(768 / width)), which at BERT's width is the 0.02 of its code.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Weights are a pure function of it.</param>
    public Bert(BertConfig config, ulong seed = 0)
        : this(config)
        => Parameters.Initialize(seed);

    private Bert(BertConfig c)
    {
        c.Validate();
        Config = c;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        var deviation = 0.02 * Math.Sqrt((double)PaperWidth / c.Width); // BERT's, at its width: narrow layers add up fewer products

        _wordEmbedding = new Embedding(root.Child("token_embedding"), c.VocabularySize, c.Width, deviation);
        _positionEmbedding = new Embedding(root.Child("position_embedding"), c.ContextLength, c.Width, deviation);
        _tokenTypeEmbedding = new Embedding(root.Child("token_type_embedding"), c.TokenTypeCount, c.Width, deviation);
        _embeddingNorm = new Norm(root.Child("embedding_norm"), NormKind.LayerNorm, c.Width, bias: true, c.NormEpsilon);
        _embeddingDropout = new Dropout(root.Child("token_embedding"), c.Dropout);
        _layers = [.. Enumerable.Range(0, c.LayerCount).Select(i => new EncoderLayer(root.Child($"layers.{i}"), new EncoderLayerConfig
        {
            Width = c.Width,
            HeadCount = c.HeadCount,
            FeedForwardWidth = c.FeedForwardWidth,
            NormEpsilon = c.NormEpsilon,
            Dropout = c.Dropout,
            AttentionDeviation = deviation,
            FeedForwardDeviation = deviation,
        }))];
        _transform = new Linear(root.Child("transform"), c.Width, c.Width, bias: true, deviation);
        _transformNorm = new Norm(root.Child("transform_norm"), NormKind.LayerNorm, c.Width, bias: true, c.NormEpsilon);
        _outputBias = root.Child("output").Add("bias", new Shape(c.VocabularySize), Initializer.Zeros);
        _output = new Linear(_wordEmbedding.Weight, _outputBias);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public BertConfig Config { get; }

    /// <inheritdoc/>
    public ParameterSet Parameters { get; }

    IModelConfig IModel.Config => Config;

    /// <summary>A model whose weights are still zero, to be filled from a file.</summary>
    internal static Bert CreateEmpty(BertConfig config) => new(config);

    /// <summary>The state of every token, which knows the whole text.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major, padded at the end.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding, at least 1.</param>
    /// <param name="context">The pass.</param>
    /// <returns>(batch, time, width); rows of padding mean nothing.</returns>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, a length makes no sense, or a text is too long.</exception>
    public Tensor HiddenStates(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
    {
        var batch = lengths.Length;
        var time = TokenIds.Time(tokens, batch, Config.VocabularySize, nameof(tokens));
        if (time > Config.ContextLength)
        {
            throw new ArgumentException($"{time} positions are more than the model's context of {Config.ContextLength}.", nameof(tokens));
        }
        TokenIds.CheckLengths(lengths, time, nameof(lengths));
        var tape = context.Tape;

        using var ids = tape.CreateIntegers(new Shape(batch, time), tokens);
        using var positions = tape.CreatePositions(batch, time);
        using var valid = tape.CreateIntegers(new Shape(batch), lengths);
        var stream = Embed(ids, positions, context);
        foreach (var layer in _layers)
        {
            stream = layer.ForwardInPlace(stream, positions, valid, context);
        }
        return stream;
    }

    /// <summary>The scores of every token at some places.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major, padded at the end.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="places">The places, counted through the batch: text * time + position.</param>
    /// <param name="context">The pass.</param>
    /// <returns>(places, vocabulary) logits.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model, or there are no places or ones outside the batch.</exception>
    public Tensor Predict(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ReadOnlySpan<int> places, ForwardContext context)
    {
        foreach (var place in places)
        {
            if ((uint)place >= (uint)tokens.Length)
            {
                throw new ArgumentException($"Place {place} is outside the batch of {tokens.Length} tokens.", nameof(places));
            }
        }
        if (places.IsEmpty)
        {
            throw new ArgumentException("There is no place to predict.", nameof(places));
        }
        using var states = HiddenStates(tokens, lengths, context);
        using var transformed = Transform(states, places, context); // (places, width)
        return _output.Forward(transformed, context);
    }

    /// <summary>The mean cross-entropy of the tokens that were masked, in nats a token; the others cost nothing, not even time.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major, some of them masked.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="targets">(batch, time): the token that was masked, or -1 where none was.</param>
    /// <param name="context">The pass. When its tape records, call <see cref="Tape.Backward"/> on the result.</param>
    /// <returns>A tensor of one element; 0 where nothing was masked.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    public Tensor Loss(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ReadOnlySpan<int> targets, ForwardContext context)
    {
        if (targets.Length != tokens.Length)
        {
            throw new ArgumentException($"{targets.Length} targets for {tokens.Length} tokens.", nameof(targets));
        }
        using var states = HiddenStates(tokens, lengths, context);
        var places = Masked(targets, out var wanted);
        using var transformed = Transform(states, places, context); // (masked, width)
        return Tensors.Loss.CrossEntropy(transformed, _wordEmbedding.Weight, wanted, bias: _outputBias);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
        {
            layer.Dispose();
        }
        _transform.Dispose();
        _output.Dispose();
        Parameters.Dispose();
    }

    /// <summary>(batch, time) ids to the sum of their three embeddings, normalised: (batch, time, width).</summary>
    private Tensor Embed(IntegerTensor ids, IntegerTensor positions, ForwardContext context)
    {
        using var firstType = context.Tape.CreateIntegers(ids.Shape, 0);
        using var stream = new ResidualStream(_wordEmbedding.Forward(ids, positions, _positionEmbedding));
        stream.Write(_tokenTypeEmbedding.Forward(firstType));
        return _embeddingDropout.ForwardInPlace(stream.Read(_embeddingNorm, context), context);
    }

    /// <summary>What the output layer compares with the tokens' vectors, at some places only: (places, width).</summary>
    private Tensor Transform(Tensor states, ReadOnlySpan<int> places, ForwardContext context)
    {
        using var rows = context.Tape.CreateIntegers(new Shape(places.Length), places);
        using var gathered = states.Rows(rows);
        using var dense = _transform.Forward(gathered, context);
        using var active = dense.Gelu();
        return _transformNorm.Forward(active, context);
    }

    /// <summary>The places whose target counts, and those targets, in memory that is used again; without one, a place that does not count.</summary>
    private ReadOnlySpan<int> Masked(ReadOnlySpan<int> targets, out ReadOnlySpan<int> wanted)
    {
        if (_places.Length < 2 * targets.Length)
        {
            _places = new int[2 * targets.Length];
        }
        var places = _places.AsSpan(0, targets.Length);
        var found = _places.AsSpan(targets.Length);
        var count = 0;
        for (var i = 0; i < targets.Length; i++)
        {
            if (targets[i] != -1)
            {
                (places[count], found[count]) = (i, targets[i]);
                count++;
            }
        }
        if (count == 0)
        {
            (places[0], found[0], count) = (0, -1, 1);
        }
        wanted = found[..count];
        return places[..count];
    }
}

using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// The transformer of Vaswani et al. 2017, "Attention is all you need". The encoder's layers let every source token look at
/// all others; the decoder writes the target token by token, each of its layers looking first at what is written so far and
/// then at the encoder's output. Both languages and the output layer share one embedding matrix (section 3.4).
/// </summary>
public sealed class EncoderDecoder : ISequenceToSequence
{
    private readonly Embedding _embedding; // (vocabulary, width)
    private readonly PositionTable _positionTable; // (maximum length, width)
    private readonly Dropout _sourceDropout;
    private readonly Dropout _targetDropout;
    private readonly EncoderLayer[] _encoder;
    private readonly DecoderLayer[] _decoder;
    private readonly Norm? _encoderNorm; // pre-norm only: there the streams themselves are never normalised
    private readonly Norm? _decoderNorm;
    private readonly Linear _head; // width -> vocabulary, the embedding's matrix

    /// <summary>Makes a model with fresh weights: N(0, 2 / (in + out)) (Glorot and Bengio 2010), embeddings N(0, 1 / width).</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Weights are a pure function of it.</param>
    public EncoderDecoder(EncoderDecoderConfig config, ulong seed = 0)
        : this(config)
        => Parameters.Initialize(seed);

    private EncoderDecoder(EncoderDecoderConfig c)
    {
        c.Validate();
        Config = c;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        _embedding = new Embedding(root.Child("embedding"), c.VocabularySize, c.Width, 1 / Math.Sqrt(c.Width));
        _positionTable = new PositionTable(c.MaximumLength, c.Width);
        _sourceDropout = new Dropout(root.Child("encoder.embedding"), c.Dropout);
        _targetDropout = new Dropout(root.Child("decoder.embedding"), c.Dropout);
        _encoder = [.. Enumerable.Range(0, c.EncoderLayerCount).Select(i => new EncoderLayer(root.Child($"encoder.layers.{i}"), new EncoderLayerConfig
        {
            Width = c.Width,
            HeadCount = c.HeadCount,
            FeedForwardWidth = c.FeedForwardWidth,
            Activation = FeedForwardActivation.Relu,
            NormFirst = c.NormFirst,
            NormEpsilon = c.NormEpsilon,
            Dropout = c.Dropout,
            AttentionDeviation = Deviation(c.Width, c.Width),
            FeedForwardDeviation = Deviation(c.Width, c.FeedForwardWidth),
        }))];
        if (c.NormFirst)
        {
            _encoderNorm = new Norm(root.Child("encoder.norm"), NormKind.LayerNorm, c.Width, bias: true, c.NormEpsilon);
        }
        _decoder = [.. Enumerable.Range(0, c.DecoderLayerCount).Select(i => new DecoderLayer(root.Child($"decoder.layers.{i}"), c, i))];
        if (c.NormFirst)
        {
            _decoderNorm = new Norm(root.Child("decoder.norm"), NormKind.LayerNorm, c.Width, bias: true, c.NormEpsilon);
        }
        _head = new Linear(_embedding.Weight);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public EncoderDecoderConfig Config { get; }

    ISequenceToSequenceConfig ISequenceToSequence.Config => Config;

    /// <inheritdoc/>
    public ParameterSet Parameters { get; }

    /// <summary>A model whose weights are still zero, to be filled from a file.</summary>
    internal static EncoderDecoder CreateEmpty(EncoderDecoderConfig config) => new(config);

    /// <inheritdoc/>
    public Tensor Loss(in SequencePairs pairs, ForwardContext context)
    {
        SequencePairs.Check(pairs, Config.VocabularySize);
        var tape = context.Tape;
        using var lengths = tape.CreateIntegers(new Shape(pairs.Count), pairs.SourceLengths);
        using var encoded = Encode(pairs.Source, pairs.Count, lengths, context); // (count, source time, width)
        using var positions = Positions(pairs.Count, pairs.Inputs.Length / pairs.Count, 0, tape);
        var stream = Embed(pairs.Inputs, positions, _targetDropout, context); // (count, target time, width)
        foreach (var layer in _decoder)
        {
            stream = layer.ForwardInPlace(stream, positions, encoded, lengths, context);
        }
        using var states = Finish(_decoderNorm, stream, context);
        return Tensors.Loss.CrossEntropy(states, _embedding.Weight, pairs.Targets, context.Training ? Config.LabelSmoothing : 0f);
    }

    /// <inheritdoc/>
    public IDecoding BeginDecoding(Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams, int maximumLength)
        => new Decoding(this, tape, source, lengths, beams, maximumLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        _positionTable.Dispose();
        _head.Dispose();
        foreach (var layer in _encoder)
        {
            layer.Dispose();
        }
        foreach (var layer in _decoder)
        {
            layer.Dispose();
        }
        Parameters.Dispose();
    }

    /// <summary>(batch, source time) ids to the encoder's output (batch, source time, width).</summary>
    private Tensor Encode(ReadOnlySpan<int> source, int batch, IntegerTensor lengths, ForwardContext context)
    {
        using var positions = Positions(batch, source.Length / batch, 0, context.Tape);
        var stream = Embed(source, positions, _sourceDropout, context);
        foreach (var layer in _encoder)
        {
            stream = layer.ForwardInPlace(stream, positions, lengths, context);
        }
        return Finish(_encoderNorm, stream, context);
    }

    private Tensor Embed(ReadOnlySpan<int> tokens, IntegerTensor positions, Dropout dropout, ForwardContext context)
    {
        using var ids = context.Tape.CreateIntegers(positions.Shape, tokens);
        return dropout.ForwardInPlace(_embedding.Forward(ids).EncodePositionsInPlace(_positionTable, positions), context);
    }

    private static Tensor Finish(Norm? norm, Tensor stream, ForwardContext context)
    {
        if (norm == null)
        {
            return stream;
        }
        using var last = stream;
        return norm.Forward(last, context);
    }

    /// <summary>(batch, time) integers: past, past + 1, ... in every sequence.</summary>
    private IntegerTensor Positions(int batch, int time, int past, Tape tape)
    {
        if (past + time > Config.MaximumLength)
        {
            throw new ArgumentException($"{past + time} tokens are more than the model's {Config.MaximumLength}.", nameof(time));
        }
        return tape.CreatePositions(batch, time, past);
    }

    /// <summary>Attention over what is written, then over the encoder's output, then a feed-forward network.</summary>
    private sealed class DecoderLayer : IDisposable
    {
        private readonly ResidualNorm _selfNorm;
        private readonly SelfAttention _self;
        private readonly ResidualNorm _crossNorm;
        private readonly ResidualNorm _feedForwardNorm;
        private readonly FeedForward _feedForward;

        internal DecoderLayer(ParameterScope scope, EncoderDecoderConfig c, int index)
        {
            _selfNorm = new ResidualNorm(scope.Child("attention_norm"), c.Width, c.NormEpsilon, c.NormFirst);
            _self = CreateAttention(scope.Child("attention"), c, index);
            _crossNorm = new ResidualNorm(scope.Child("cross_attention_norm"), c.Width, c.NormEpsilon, c.NormFirst);
            Cross = new CrossAttention(scope.Child("cross_attention"), new CrossAttentionConfig
            {
                Width = c.Width,
                HeadCount = c.HeadCount,
                Dropout = c.Dropout,
                Deviation = Deviation(c.Width, c.Width),
                Layer = index,
            });
            _feedForwardNorm = new ResidualNorm(scope.Child("feed_forward_norm"), c.Width, c.NormEpsilon, c.NormFirst);
            _feedForward = CreateFeedForward(scope.Child("feed_forward"), c);
        }

        internal CrossAttention Cross { get; }

        internal Tensor ForwardInPlace(
            Tensor stream, IntegerTensor positions, Tensor encoded, IntegerTensor lengths, ForwardContext context)
        {
            using var before = stream;
            using var written = AttendToWritten(before, positions, context);
            using var crossInput = _crossNorm.Before(written, context);
            using var read = _crossNorm.AfterInPlace(written, Cross.Forward(crossInput, encoded, lengths, context), context);
            return Compute(read, context);
        }

        /// <summary>One more token: the tokens before it are in the context's cache, the source in <paramref name="source"/>.</summary>
        internal Tensor ForwardInPlace(Tensor stream, IntegerTensor positions, KeyValueCache source, ForwardContext context)
        {
            using var before = stream;
            using var written = AttendToWritten(before, positions, context);
            using var crossInput = _crossNorm.Before(written, context);
            using var read = _crossNorm.AfterInPlace(written, Cross.ForwardCached(crossInput, source, context), context);
            return Compute(read, context);
        }

        public void Dispose()
        {
            _self.Dispose();
            Cross.Dispose();
            _feedForward.Dispose();
        }

        private Tensor AttendToWritten(Tensor stream, IntegerTensor positions, ForwardContext context)
        {
            using var input = _selfNorm.Before(stream, context); // in post-norm the stream itself: nobody reads it later
            return _selfNorm.AfterInPlace(stream, _self.Forward(input, positions, context), context);
        }

        private Tensor Compute(Tensor stream, ForwardContext context)
        {
            using var input = _feedForwardNorm.Before(stream, context);
            return _feedForwardNorm.AfterInPlace(stream, _feedForward.Forward(input, context), context);
        }
    }

    private static SelfAttention CreateAttention(ParameterScope scope, EncoderDecoderConfig c, int index) => new(scope, new SelfAttentionConfig
    {
        Width = c.Width,
        HeadCount = c.HeadCount,
        Bias = true,
        Dropout = c.Dropout,
        Deviation = Deviation(c.Width, c.Width),
        Layer = index,
    });

    private static FeedForward CreateFeedForward(ParameterScope scope, EncoderDecoderConfig c) => new(scope, new FeedForwardConfig
    {
        Width = c.Width,
        HiddenWidth = c.FeedForwardWidth,
        Activation = FeedForwardActivation.Relu,
        Bias = true,
        Dropout = c.Dropout,
        Deviation = Deviation(c.Width, c.FeedForwardWidth),
    });

    private static double Deviation(int inputs, int outputs) => Math.Sqrt(2.0 / (inputs + outputs));

    /// <summary>Targets that grow by a token a step, over cached keys and values of source and target.</summary>
    private sealed class Decoding : IDecoding
    {
        private readonly EncoderDecoder _model;
        private readonly KeyValueCache _source; // of each source, for its beams together
        private readonly KeyValueCache _written; // of each beam
        private readonly ForwardContext _context;

        internal Decoding(
            EncoderDecoder model, Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams, int maximumLength)
        {
            var c = model.Config;
            var (count, headSize) = (lengths.Length, c.Width / c.HeadCount);
            var time = TokenIds.Time(source, count, c.VocabularySize, nameof(source));
            TokenIds.CheckLengths(lengths, time, nameof(lengths));
            ArgumentOutOfRangeException.ThrowIfLessThan(beams, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(maximumLength, 1);
            _model = model;
            _source = new KeyValueCache(count, c.DecoderLayerCount, c.HeadCount, headSize, time);
            _written = new KeyValueCache(count * beams, c.DecoderLayerCount, c.HeadCount, headSize, Math.Min(maximumLength, c.MaximumLength));
            _context = new ForwardContext(tape) { Cache = _written };
            try
            {
                Read(source, lengths, time);
            }
            catch
            {
                Dispose(); // nobody else holds it yet
                throw;
            }
            finally
            {
                tape.Reset();
            }
        }

        public void Advance(ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, Span<float> logits)
        {
            var tape = _context.Tape;
            TokenIds.CheckNext(tokens, _written.Batch, _model.Config.VocabularySize, nameof(tokens));
            _written.Reorder(parents);
            using (var positions = _model.Positions(tokens.Length, 1, _written.Length, tape))
            {
                _written.Begin(1);
                var stream = _model.Embed(tokens, positions, _model._targetDropout, _context); // (count * beams, 1, width)
                foreach (var layer in _model._decoder)
                {
                    stream = layer.ForwardInPlace(stream, positions, _source, _context);
                }
                _written.Advance();
                using var states = Finish(_model._decoderNorm, stream, _context);
                using var scores = _model._head.Forward(states, _context);
                scores.CopyTo(logits);
            }
            tape.Reset();
        }

        public void Dispose()
        {
            _source.Dispose();
            _written.Dispose();
        }

        private void Read(ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int time)
        {
            var whole = new ForwardContext(_context.Tape);
            using var valid = whole.Tape.CreateIntegers(new Shape(lengths.Length), lengths);
            using var encoded = _model.Encode(source, lengths.Length, valid, whole);
            _source.Begin(time);
            foreach (var layer in _model._decoder)
            {
                layer.Cross.Store(encoded, _source, whole);
            }
            _source.Advance(lengths);
        }
    }
}

using Idiolect.Layers;
using Idiolect.Tensors;
using RecurrentCell = Idiolect.Kernels.RecurrentCell;

namespace Idiolect.Models;

/// <summary>
/// An LSTM encoder-decoder, the translator before the transformer. The encoder reads the source forwards and backwards; its
/// states at the two ends, summed, are the context vector, from which the decoder's first states are computed. Without
/// attention that vector is all the decoder knows of the source (Sutskever et al. 2014, Cho et al. 2014). With attention
/// (Bahdanau et al. 2015; global and after the decoder's LSTM as in Luong et al. 2015) each state of the decoder looks at
/// all states of the encoder.
/// </summary>
public sealed class RecurrentSequenceToSequence : ISequenceToSequence
{
    private readonly Embedding _embedding; // (vocabulary, width), of both languages and of the output layer
    private readonly EncoderLayer[] _encoder;
    private readonly RecurrentLayer[] _decoder;
    private readonly Linear[] _firstHidden; // context vector -> a decoder layer's first state
    private readonly Linear[] _firstCell;
    private readonly CrossAttention? _attention;
    private readonly Linear _head; // width -> vocabulary
    private readonly Dropout _sourceDropout;
    private readonly Dropout _targetDropout;
    private readonly Dropout[] _decoderDropouts;
    private int[] _integers = [];

    /// <summary>Makes a model with fresh weights: N(0, 1 / (3 width)), embeddings N(0, 1 / width); forget gates begin at 1.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Weights are a pure function of it.</param>
    public RecurrentSequenceToSequence(RecurrentSequenceToSequenceConfig config, ulong seed = 0)
        : this(config)
        => Parameters.Initialize(seed);

    private RecurrentSequenceToSequence(RecurrentSequenceToSequenceConfig c)
    {
        c.Validate();
        Config = c;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        var deviation = 1 / Math.Sqrt(3.0 * c.Width);
        int[] layers = [.. Enumerable.Range(0, c.LayerCount)];
        _embedding = new Embedding(root.Child("embedding"), c.VocabularySize, c.Width, 1 / Math.Sqrt(c.Width));
        _sourceDropout = new Dropout(root.Child("encoder.embedding"), c.Dropout, timeMajor: true);
        _targetDropout = new Dropout(root.Child("decoder.embedding"), c.Dropout, timeMajor: true);
        _encoder = [.. layers.Select(i => new EncoderLayer(root.Child($"encoder.layers.{i}"), c, deviation))];
        _decoder = [.. layers.Select(i => NewLayer(root.Child($"decoder.layers.{i}"), c.Width, deviation))];
        _decoderDropouts = [.. layers.Select(i => new Dropout(root.Child($"decoder.layers.{i}"), c.Dropout, timeMajor: true))];
        _firstHidden = [.. layers.Select(i => new Linear(root.Child($"decoder.first_hidden.{i}"), c.Width, c.Width, bias: true, deviation))];
        _firstCell = [.. layers.Select(i => new Linear(root.Child($"decoder.first_cell.{i}"), c.Width, c.Width, bias: true, deviation))];
        _attention = c.Attention ? new CrossAttention(root.Child("attention"), new CrossAttentionConfig
        {
            Width = c.Width,
            HeadCount = 1,
            Dropout = c.Dropout,
            Deviation = deviation,
        }) : null;
        _head = new Linear(_embedding.Weight);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public RecurrentSequenceToSequenceConfig Config { get; }

    ISequenceToSequenceConfig ISequenceToSequence.Config => Config;

    /// <inheritdoc/>
    public ParameterSet Parameters { get; }

    /// <summary>A model whose weights are still zero, to be filled from a file.</summary>
    internal static RecurrentSequenceToSequence CreateEmpty(RecurrentSequenceToSequenceConfig config) => new(config);

    /// <inheritdoc/>
    public Tensor Loss(in SequencePairs pairs, ForwardContext context)
    {
        SequencePairs.Check(pairs, Config.VocabularySize);
        var tape = context.Tape;
        using var lengths = tape.CreateIntegers(new Shape(pairs.Count), pairs.SourceLengths);
        using var encoded = Encode(pairs.Source, pairs.SourceLengths, context, out var contextVector); // (source time, count, width)
        using var vector = contextVector; // (count, width)
        var time = pairs.Inputs.Length / pairs.Count;
        var x = Embed(pairs.Inputs, pairs.Count, _targetDropout, context); // (target time, count, width)
        for (var i = 0; i < _decoder.Length; i++)
        {
            using var input = x;
            using var hidden = _firstHidden[i].Forward(vector, context);
            using var cell = _firstCell[i].Forward(vector, context);
            var result = _decoder[i].Forward(input, hidden, cell, context);
            result.LastCell?.Dispose();
            x = _decoderDropouts[i].ForwardInPlace(result.Hidden, context);
        }
        using var timeMajor = x;
        using var states = timeMajor.Transpose(); // (count, target time, width)
        using var source = encoded.Transpose(); // (count, source time, width)
        using var informed = _attention == null
            ? states
            : _attention.Forward(states, source, lengths, context).AddInPlace(states);
        return Tensors.Loss.CrossEntropy(informed, _embedding.Weight, pairs.Targets, context.Training ? Config.LabelSmoothing : 0f);
    }

    /// <inheritdoc/>
    public IDecoding BeginDecoding(Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams, int maximumLength)
        => new Decoding(this, tape, source, lengths, beams);

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        _attention?.Dispose();
        foreach (var layer in _encoder)
        {
            layer.Dispose();
        }
        for (var i = 0; i < _decoder.Length; i++)
        {
            _decoder[i].Dispose();
            _firstHidden[i].Dispose();
            _firstCell[i].Dispose();
        }
        Parameters.Dispose();
    }

    /// <summary>The encoder's states (source time, batch, width) and the context vector (batch, width).</summary>
    private Tensor Encode(ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, ForwardContext context, out Tensor contextVector)
    {
        var (batch, tape) = (lengths.Length, context.Tape);
        var time = source.Length / batch;
        if (time > Config.MaximumLength)
        {
            throw new ArgumentException($"{time} tokens are more than the model's {Config.MaximumLength}.", nameof(source));
        }
        // Row (t, b) of a source read backwards is row (length - 1 - t, b); padding stays where it is, so no state sees it first.
        using var backwards = Rows(new Shape(time, batch), lengths, tape, static (row, batch, length) =>
            row / batch < length ? ((length - 1 - (row / batch)) * batch) + (row % batch) : row);
        using var ends = Rows(new Shape(batch), lengths, tape, static (row, batch, length) => ((length - 1) * batch) + row);
        using var starts = Rows(new Shape(batch), lengths, tape, static (row, _, _) => row);
        var x = Embed(source, batch, _sourceDropout, context);
        foreach (var layer in _encoder)
        {
            using var input = x;
            x = layer.Forward(input, backwards, context);
        }
        using var end = x.Rows(ends);
        contextVector = x.Rows(starts).AddInPlace(end);
        return x;
    }

    /// <summary>(batch, time) ids to (time, batch, width).</summary>
    private Tensor Embed(ReadOnlySpan<int> tokens, int batch, Dropout dropout, ForwardContext context)
    {
        var time = tokens.Length / batch;
        var timeMajor = Integers(tokens.Length);
        for (var i = 0; i < tokens.Length; i++)
        {
            timeMajor[(i % time * batch) + (i / time)] = tokens[i];
        }
        using var ids = context.Tape.CreateIntegers(new Shape(time, batch), timeMajor);
        return dropout.ForwardInPlace(_embedding.Forward(ids), context);
    }

    /// <summary>Integers from a row's number, the batch and the length of the row's sequence.</summary>
    private IntegerTensor Rows(Shape shape, ReadOnlySpan<int> lengths, Tape tape, Func<int, int, int, int> choose)
    {
        var rows = Integers(checked((int)shape.Count));
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = choose(row, lengths.Length, lengths[row % lengths.Length]);
        }
        return tape.CreateIntegers(shape, rows);
    }

    private static RecurrentLayer NewLayer(ParameterScope scope, int width, double deviation) => new(scope, new RecurrentLayerConfig
    {
        Cell = RecurrentCell.Lstm,
        Inputs = width,
        Width = width,
        Deviation = deviation,
    });

    /// <summary>Memory that is valid until the next call.</summary>
    private Span<int> Integers(int count)
    {
        if (_integers.Length < count)
        {
            _integers = new int[count];
        }
        return _integers.AsSpan(0, count);
    }

    /// <summary>An LSTM that reads forwards and one that reads backwards; their states at each place are summed.</summary>
    private sealed class EncoderLayer : IDisposable
    {
        private readonly int _width;
        private readonly RecurrentLayer _forwards;
        private readonly RecurrentLayer _backwards;
        private readonly Dropout _dropout;

        internal EncoderLayer(ParameterScope scope, RecurrentSequenceToSequenceConfig c, double deviation)
        {
            _width = c.Width;
            _forwards = NewLayer(scope.Child("forwards"), c.Width, deviation);
            _backwards = NewLayer(scope.Child("backwards"), c.Width, deviation);
            _dropout = new Dropout(scope, c.Dropout, timeMajor: true);
        }

        /// <summary>Keeps the shape (time, batch, width).</summary>
        internal Tensor Forward(Tensor x, IntegerTensor backwards, ForwardContext context)
        {
            using var forwardStates = Run(_forwards, x, context);
            using var reversed = x.Rows(backwards);
            using var reversedStates = Run(_backwards, reversed, context);
            return _dropout.ForwardInPlace(reversedStates.Rows(backwards).AddInPlace(forwardStates), context);
        }

        public void Dispose()
        {
            _forwards.Dispose();
            _backwards.Dispose();
        }

        private Tensor Run(RecurrentLayer layer, Tensor x, ForwardContext context)
        {
            using var zeros = context.Tape.CreateZeros(new Shape(x.Shape[1], _width));
            var result = layer.Forward(x, zeros, zeros, context);
            result.LastCell?.Dispose();
            return result.Hidden;
        }
    }

    /// <summary>Targets that grow by a token a step, over the decoder's states and cached keys and values of the source.</summary>
    private sealed class Decoding : IDecoding
    {
        private readonly RecurrentSequenceToSequence _model;
        private readonly KeyValueCache? _source;
        private readonly RecurrentState _state;
        private readonly ForwardContext _context;

        internal Decoding(
            RecurrentSequenceToSequence model, Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams)
        {
            var (c, count) = (model.Config, lengths.Length);
            var time = TokenIds.Time(source, count, c.VocabularySize, nameof(source));
            TokenIds.CheckLengths(lengths, time, nameof(lengths));
            ArgumentOutOfRangeException.ThrowIfLessThan(beams, 1);
            _model = model;
            _context = new ForwardContext(tape);
            _source = model._attention == null ? null : new KeyValueCache(count, 1, 1, c.Width, time);
            _state = new RecurrentState(RecurrentCell.Lstm, count * beams, c.LayerCount, c.Width);
            try
            {
                Read(source, lengths, time, beams);
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
            TokenIds.CheckNext(tokens, _state.Batch, _model.Config.VocabularySize, nameof(tokens));
            _state.Reorder(parents);
            var x = _model.Embed(tokens, tokens.Length, _model._targetDropout, _context); // (1, count * beams, width)
            for (var i = 0; i < _model._decoder.Length; i++)
            {
                using var input = x;
                using var hidden = _state.Hidden(tape, i);
                using var cell = _state.Cell(tape, i)!.Value;
                var result = _model._decoder[i].Forward(input, hidden, cell, _context);
                _state.Store(i, result);
                result.LastCell?.Dispose();
                x = result.Hidden;
            }
            using (var states = x)
            using (var informed = _source == null
                ? states
                : _model._attention!.ForwardCached(states, _source, _context).AddInPlace(states))
            using (var scores = _model._head.Forward(informed, _context))
            {
                scores.CopyTo(logits);
            }
            tape.Reset();
        }

        public void Dispose()
        {
            _source?.Dispose();
            _state.Dispose();
        }

        private void Read(ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int time, int beams)
        {
            var tape = _context.Tape;
            using var encoded = _model.Encode(source, lengths, _context, out var contextVector); // (time, count, width)
            using var ofSources = contextVector; // (count, width)
            if (_source != null)
            {
                using var batchMajor = encoded.Transpose();
                _source.Begin(time);
                _model._attention!.Store(batchMajor, _source, _context);
                _source.Advance(lengths);
            }
            using var sources = tape.CreateIntegers(new Shape(_state.Batch), [.. Enumerable.Range(0, _state.Batch).Select(row => row / beams)]);
            using var vector = ofSources.Rows(sources);
            for (var i = 0; i < _model._decoder.Length; i++)
            {
                using var hidden = _model._firstHidden[i].Forward(vector, _context);
                using var cell = _model._firstCell[i].Forward(vector, _context);
                _state.Store(i, new RecurrentResult(hidden, cell));
            }
        }
    }
}

using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>Where a small transformer normalises.</summary>
internal enum NormPlace
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>Before each layer reads the stream (as GPT-2 does), and at the end.</summary>
    Pre,

    /// <summary>The stream itself, after each layer has written (as the paper of 2017 does).</summary>
    Post,
}

/// <summary>A small transformer with every part that can be left out as a switch.</summary>
internal sealed record LabShape
{
    internal required int Vocabulary { get; init; }

    internal required int Context { get; init; }

    internal int Layers { get; init; } = 2;

    internal int Heads { get; init; } = 4;

    internal int Width { get; init; } = 64;

    /// <summary>The width of the feed-forward networks; 0 for a transformer of attention only.</summary>
    internal int Hidden { get; init; }

    internal NormPlace Norm { get; init; } = NormPlace.Pre;

    internal NormKind NormKind { get; init; } = NormKind.LayerNorm;

    /// <summary>Whether layers add to the stream; else each replaces it.</summary>
    internal bool Residual { get; init; } = true;

    internal bool Causal { get; init; } = true;

    /// <summary>Whether learned position vectors are added to the tokens'; else queries and keys are rotated.</summary>
    internal bool LearnedPositions { get; init; } = true;

    internal float Dropout { get; init; }

    internal double EmbeddingDeviation { get; init; } = 0.1;

    /// <summary>The deviation of matrices; null for 1 / sqrt(3 * width), which keeps activations at their size.</summary>
    internal double? Deviation { get; init; }

    /// <summary>Real numbers that each position reads instead of a token; 0 for tokens.</summary>
    internal int Inputs { get; init; }
}

/// <summary>What listens inside a forward pass.</summary>
/// <param name="Written">(layer, what a sub-layer writes, the stream after it): both (batch, time, width).</param>
/// <param name="Attention">(layer, queries | keys | values): (batch, time, 3 * width).</param>
internal sealed record Listener(Action<int, Tensor, Tensor>? Written = null, Action<int, Tensor>? Attention = null);

/// <summary>The transformer of the lab: Idiolect's layers, with switches that no model for use needs.</summary>
internal sealed class LabTransformer : ITokenModel
{
    private readonly Parameter? _tokens; // (vocabulary, width)
    private readonly Linear? _inputs; // inputs -> width
    private readonly Parameter? _positions; // (context, width)
    private readonly RotaryTable? _rotary;
    private readonly Block[] _blocks;
    private readonly Norm? _finalNorm;
    private readonly Linear _head; // width -> vocabulary

    internal LabTransformer(LabShape shape, ulong seed)
    {
        Shape = shape;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        var deviation = shape.Deviation ?? 1 / Math.Sqrt(3.0 * shape.Width);
        if (shape.Inputs > 0)
        {
            _inputs = new Linear(root.Child("inputs"), shape.Inputs, shape.Width, bias: true, 1 / Math.Sqrt(shape.Inputs));
        }
        else
        {
            _tokens = root.Add("tokens", new Shape(shape.Vocabulary, shape.Width), Initializer.Normal(shape.EmbeddingDeviation));
        }
        _positions = shape.LearnedPositions
            ? root.Add("positions", new Shape(shape.Context, shape.Width), Initializer.Normal(shape.EmbeddingDeviation))
            : null;
        _rotary = shape.LearnedPositions ? null : new RotaryTable(shape.Context, shape.Width / shape.Heads);
        _blocks = [.. Enumerable.Range(0, shape.Layers).Select(layer => new Block(root.Child($"layers.{layer}"), shape, layer, _rotary, deviation))];
        _finalNorm = shape.Norm == NormPlace.Pre ? NewNorm(root.Child("final_norm"), shape) : null;
        _head = new Linear(root.Child("head"), shape.Width, shape.Vocabulary, bias: false, deviation);
        Parameters.Initialize(seed);
    }

    internal LabShape Shape { get; }

    public ParameterSet Parameters { get; }

    /// <summary>Hears what happens inside; null for nobody.</summary>
    internal Listener? Listener { get; set; }

    public Tensor Forward(int[] tokens, int batch, ForwardContext context)
    {
        using var stream = Stream(tokens, batch, context);
        return _head.Forward(stream, context);
    }

    public Tensor Loss(int[] tokens, int[] targets, int batch, ForwardContext context)
    {
        using var stream = Stream(tokens, batch, context);
        return Tensors.Loss.CrossEntropy(stream, _head.Weight, targets);
    }

    /// <summary>From numbers instead of tokens: (batch, time, inputs) to (batch, time, vocabulary).</summary>
    internal Tensor Forward(float[] inputs, int batch, ForwardContext context)
    {
        var time = inputs.Length / (batch * Shape.Inputs);
        using var read = context.Tape.CreateFrom(new Shape(batch, time, Shape.Inputs), inputs);
        using var positions = context.Tape.CreatePositions(batch, time);
        using var stream = Blocks(_inputs!.Forward(read, context), positions, context);
        return _head.Forward(stream, context);
    }

    public void Dispose()
    {
        _rotary?.Dispose();
        _inputs?.Dispose();
        _head.Dispose();
        foreach (var block in _blocks)
        {
            block.Dispose();
        }
        Parameters.Dispose();
    }

    private static Norm NewNorm(ParameterScope scope, LabShape shape) => new(scope, shape.NormKind, shape.Width, bias: true, 1e-5f);

    private Tensor Stream(int[] tokens, int batch, ForwardContext context)
    {
        var time = tokens.Length / batch;
        using var ids = context.Tape.CreateIntegers(new Shape(batch, time), tokens);
        using var positions = context.Tape.CreatePositions(batch, time);
        return Blocks(ids.Embed(_tokens!, positions, _positions), positions, context);
    }

    private Tensor Blocks(Tensor stream, IntegerTensor positions, ForwardContext context)
    {
        foreach (var block in _blocks)
        {
            stream = block.Forward(stream, positions, Listener, context);
        }
        if (_finalNorm is null)
        {
            return stream;
        }
        using var last = stream;
        return _finalNorm.Forward(last, context);
    }

    /// <summary>Attention, then a feed-forward network where the shape has one.</summary>
    private sealed class Block : IDisposable
    {
        private readonly LabShape _shape;
        private readonly int _layer;
        private readonly Norm? _attentionNorm;
        private readonly SelfAttention _attention;
        private readonly Dropout _attentionDropout; // of what attention writes, not of its weights
        private readonly Norm? _feedForwardNorm;
        private readonly FeedForward? _feedForward;

        internal Block(ParameterScope scope, LabShape shape, int layer, RotaryTable? rotary, double deviation)
        {
            (_shape, _layer) = (shape, layer);
            // What is written into the stream starts small, so that the stream does not grow with depth (Radford et al. 2019).
            var residualDeviation = shape.Residual ? deviation / Math.Sqrt(2.0 * shape.Layers) : deviation;
            var norm = shape.Norm != NormPlace.None;
            _attentionNorm = norm ? NewNorm(scope.Child("attention_norm"), shape) : null;
            _attention = new SelfAttention(scope, new SelfAttentionConfig
            {
                Width = shape.Width,
                HeadCount = shape.Heads,
                Bias = true,
                Causal = shape.Causal,
                Rotary = rotary,
                Deviation = deviation,
                OutputDeviation = residualDeviation,
            });
            _attentionDropout = new Dropout(scope.Child("attention"), shape.Dropout);
            if (shape.Hidden > 0)
            {
                _feedForwardNorm = norm ? NewNorm(scope.Child("feed_forward_norm"), shape) : null;
                _feedForward = new FeedForward(scope.Child("feed_forward"), new FeedForwardConfig
                {
                    Width = shape.Width,
                    HiddenWidth = shape.Hidden,
                    Activation = FeedForwardActivation.Relu,
                    Bias = true,
                    Dropout = shape.Dropout,
                    Deviation = deviation,
                    OutputDeviation = residualDeviation,
                });
            }
        }

        internal Tensor Forward(Tensor stream, IntegerTensor positions, Listener? listener, ForwardContext context)
        {
            stream = Write(stream, _attentionNorm, x => Attend(x, positions, listener, context), listener, context);
            return _feedForward is null ? stream : Write(stream, _feedForwardNorm, x => _feedForward.Forward(x, context), listener, context);
        }

        public void Dispose()
        {
            _attention.Dispose();
            _feedForward?.Dispose();
        }

        private Tensor Attend(Tensor x, IntegerTensor positions, Listener? listener, ForwardContext context)
        {
            using var qkv = _attention.Project(x, positions, context); // (batch, time, 3 * width)
            listener?.Attention?.Invoke(_layer, qkv);
            return _attentionDropout.ForwardInPlace(_attention.Mix(qkv, context), context);
        }

        /// <summary>Lets a sub-layer read the stream and write to it.</summary>
        private Tensor Write(Tensor stream, Norm? norm, Func<Tensor, Tensor> subLayer, Listener? listener, ForwardContext context)
        {
            using var before = stream;
            Tensor written;
            if (norm != null && _shape.Norm == NormPlace.Pre)
            {
                using var read = norm.Forward(before, context);
                written = subLayer(read);
            }
            else
            {
                written = subLayer(before);
            }
            var contribution = listener?.Written == null ? default : context.Tape.CreateFrom(written.Shape, written.ToArray());
            var after = _shape.Residual ? written.AddInPlace(before) : written;
            listener?.Written?.Invoke(_layer, contribution, after);
            if (norm == null || _shape.Norm != NormPlace.Post)
            {
                return after;
            }
            using var unnormalised = after;
            return norm.Forward(unnormalised, context);
        }
    }
}

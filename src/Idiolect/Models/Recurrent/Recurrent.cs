using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// A recurrent language model (Mikolov et al. 2010; Zaremba et al. 2014). Tokens become vectors; each layer reads them one step
/// after the other and keeps what matters in a state; the last layer's state is compared with every token's vector to predict
/// the next one. All that the model knows of a text lies in that state, so a text may be of any length.
/// </summary>
public sealed class Recurrent : ILanguageModel
{
    private readonly Parameter _tokenEmbedding; // (vocabulary, width)
    private readonly Dropout _embeddingDropout;
    private readonly RecurrentLayer[] _layers;
    private readonly Dropout[] _dropouts; // after each layer
    private readonly Linear _head; // width -> vocabulary
    private int[] _timeMajor = []; // ids, (time, batch)

    /// <summary>Makes a model with fresh weights: N(0, 1 / (3 width)), the variance of PyTorch's uniform ones; biases 0, forget gates apart.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="seed">Weights are a pure function of it.</param>
    public Recurrent(RecurrentConfig config, ulong seed = 0)
        : this(config)
        => Parameters.Initialize(seed);

    private Recurrent(RecurrentConfig config)
    {
        config.Validate();
        Config = config;
        Parameters = new ParameterSet();
        var root = Parameters.Root;
        var deviation = 1 / Math.Sqrt(3.0 * config.Width);

        var embedding = root.Child("token_embedding");
        _tokenEmbedding = embedding.Add("weight", new Shape(config.VocabularySize, config.Width), Initializer.Normal(deviation));
        _embeddingDropout = new Dropout(embedding, config.Dropout, timeMajor: true);
        _layers = new RecurrentLayer[config.LayerCount];
        _dropouts = new Dropout[config.LayerCount];
        for (var i = 0; i < _layers.Length; i++)
        {
            var scope = root.Child($"layers.{i}");
            _layers[i] = new RecurrentLayer(scope, new RecurrentLayerConfig
            {
                Cell = config.Cell,
                Inputs = config.Width,
                Width = config.Width,
                Deviation = deviation,
                ForgetBias = config.ForgetBias,
            });
            _dropouts[i] = new Dropout(scope, config.Dropout, timeMajor: true);
        }
        var head = config.TiedEmbedding
            ? _tokenEmbedding
            : root.Child("head").Add("weight", new Shape(config.VocabularySize, config.Width), Initializer.Normal(deviation));
        _head = new Linear(head, bias: null);
        Parameters.Build();
    }

    /// <summary>The shape.</summary>
    public RecurrentConfig Config { get; }

    /// <inheritdoc/>
    public ParameterSet Parameters { get; }

    IModelConfig IModel.Config => Config;

    /// <summary>A model whose weights are still zero, to be filled from a file.</summary>
    internal static Recurrent CreateEmpty(RecurrentConfig config) => new(config);

    /// <inheritdoc/>
    public Tensor Forward(ReadOnlySpan<int> tokens, int batch, ForwardContext context, bool lastOnly = false)
    {
        using var states = HiddenStates(tokens, batch, context); // (time, batch, width)
        using var wanted = lastOnly ? states.LastStep() : states.Transpose();
        return _head.Forward(wanted, context);
    }

    /// <inheritdoc/>
    public Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context)
    {
        if (targets.Length != tokens.Length)
        {
            throw new ArgumentException($"{targets.Length} targets for {tokens.Length} tokens.", nameof(targets));
        }
        using var states = HiddenStates(tokens, batch, context); // (time, batch, width)
        return Tensors.Loss.CrossEntropy(states, _head.Weight, TimeMajor(targets, batch));
    }

    /// <summary>The state of texts that have not begun.</summary>
    /// <param name="batch">Texts at once.</param>
    public RecurrentState CreateState(int batch) => new(Config.Cell, batch, Config.LayerCount, Config.Width);

    ISequenceMemory ILanguageModel.CreateMemory(int batch) => CreateState(batch);

    RecurrentState? ILanguageModel.CreateCarriedState(int batch) => CreateState(batch);

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        foreach (var layer in _layers)
        {
            layer.Dispose();
        }
        Parameters.Dispose();
    }

    /// <summary>The last layer's states, (time, batch, width).</summary>
    internal Tensor HiddenStates(ReadOnlySpan<int> tokens, int batch, ForwardContext context)
    {
        var time = TokenIds.Time(tokens, batch, Config.VocabularySize, nameof(tokens));
        var state = Check(context.Memory, batch);
        var tape = context.Tape;

        using var ids = tape.CreateIntegers(new Shape(time, batch), TimeMajor(tokens, batch));
        var x = _embeddingDropout.ForwardInPlace(ids.Embed(_tokenEmbedding), context);
        for (var i = 0; i < _layers.Length; i++)
        {
            using var input = x;
            using var firstHidden = state?.Hidden(tape, i) ?? Zeros(tape, batch);
            var firstCell = state == null && Config.Cell == Kernels.RecurrentCell.Lstm ? firstHidden : state?.Cell(tape, i);
            var result = _layers[i].Forward(input, firstHidden, firstCell, context);
            state?.Store(i, result);
            result.LastCell?.Dispose();
            if (firstCell is { } cell && cell != firstHidden)
            {
                cell.Dispose();
            }
            x = _dropouts[i].ForwardInPlace(result.Hidden, context);
        }
        state?.Advance(time);
        return x;
    }

    private RecurrentState? Check(ISequenceMemory? memory, int batch)
    {
        if (memory == null)
        {
            return null;
        }
        if (memory is not RecurrentState state || !state.Fits(Config.Cell, Config.LayerCount, Config.Width))
        {
            throw new ArgumentException("The memory was made by a model of another shape.", nameof(memory));
        }
        return state.Batch == batch
            ? state
            : throw new ArgumentException($"The memory holds {state.Batch} sequences, the input {batch}.", nameof(batch));
    }

    /// <summary>(batch, width): the state of texts that begin here.</summary>
    private Tensor Zeros(Tape tape, int batch) => tape.CreateZeros(new Shape(batch, Config.Width));

    /// <summary>(batch, time) to (time, batch): recurrent layers want the rows of one step together. Valid until the next call.</summary>
    private ReadOnlySpan<int> TimeMajor(ReadOnlySpan<int> ids, int batch)
    {
        if (_timeMajor.Length < ids.Length)
        {
            _timeMajor = new int[ids.Length];
        }
        var time = ids.Length / batch;
        for (var i = 0; i < ids.Length; i++)
        {
            _timeMajor[(i % time * batch) + (i / time)] = ids[i];
        }
        return _timeMajor.AsSpan(0, ids.Length);
    }
}

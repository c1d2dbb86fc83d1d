using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// A pre-trained model with a new head, which tells texts apart (Radford et al. 2018; Devlin et al. 2019). One vector stands for a text, and the
/// head is one linear layer from it to the labels' scores, without bias, as in transformers' <c>GPT2ForSequenceClassification</c>.
/// </summary>
/// <remarks>
/// Of a model that reads from left to right the vector is the state of the last token, the only one that has seen the whole text. Of a BERT it is
/// the mean of all states: each has seen the whole text, and the first token's, which the paper takes, is trained to stand for a text only by
/// next-sentence prediction, which ours does without.
/// </remarks>
public sealed class Classifier : IDisposable
{
    /// <summary>The most tokens of a text that count, whatever the model's context.</summary>
    public const int LongestText = 256;

    internal const string HeadName = "score.weight";

    private const double Deviation = 0.02;

    private readonly Linear _head; // width -> labels

    /// <summary>Puts a head on a model.</summary>
    /// <param name="backbone">The model, owned by the new object: a GPT, a BERT or a recurrent network.</param>
    /// <param name="labels">What texts may be; at least two, all different.</param>
    /// <param name="seed">The head's first weights are a pure function of it.</param>
    /// <exception cref="ArgumentException">The model has no states, or a head already, or the labels make no sense.</exception>
    public Classifier(IModel backbone, IReadOnlyList<string> labels, ulong seed = 0)
    {
        if (labels.Count < 2 || labels.Distinct().Count() != labels.Count)
        {
            throw new ArgumentException("A classifier needs two labels or more, all different.", nameof(labels));
        }
        (Backbone, Labels) = (backbone, labels);
        Head = backbone.Parameters.Extend(
            HeadName, new Shape(labels.Count, TextVectors.Width(backbone.Config)), Initializer.Normal(Deviation), seed);
        _head = new Linear(Head, bias: null);
    }

    /// <summary>The model below the head.</summary>
    public IModel Backbone { get; }

    /// <summary>What texts may be.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The learned numbers, the head's among them.</summary>
    public ParameterSet Parameters => Backbone.Parameters;

    internal Parameter Head { get; }

    /// <summary>Leaves everything but the head as it is from now on.</summary>
    public void Freeze()
    {
        foreach (var parameter in Parameters.All)
        {
            parameter.RequiresGradient = parameter == Head;
        }
    }

    /// <summary>The scores of the labels.</summary>
    /// <param name="tokens">(batch, time) token ids, padded at the end.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="context">The pass.</param>
    /// <returns>(batch, labels) logits.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    public Tensor Forward(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
    {
        using var vectors = Vectors(tokens, lengths, context); // (batch, width)
        return _head.Forward(vectors, context);
    }

    /// <summary>The mean cross-entropy of the right labels, in nats a text.</summary>
    /// <param name="tokens">(batch, time) token ids, padded at the end.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="labels">(batch): the number of each text's label.</param>
    /// <param name="context">The pass. When its tape records, call <see cref="Tape.Backward"/> on the result.</param>
    /// <returns>A tensor of one element.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model, there is not one label a text, or a label has no such number.</exception>
    public Tensor Loss(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ReadOnlySpan<int> labels, ForwardContext context)
    {
        if (labels.Length != lengths.Length)
        {
            throw new ArgumentException($"{labels.Length} labels for {lengths.Length} texts.", nameof(labels));
        }
        foreach (var label in labels)
        {
            if ((uint)label >= (uint)Labels.Count)
            {
                throw new ArgumentException($"There is no label {label}: there are {Labels.Count}.", nameof(labels));
            }
        }
        using var vectors = Vectors(tokens, lengths, context); // (batch, width)
        return Tensors.Loss.CrossEntropy(vectors, Head, labels);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        Backbone.Dispose();
    }

    /// <summary>The most tokens of a text for a model of this shape.</summary>
    internal static int LongestTextOf(IModelConfig config) => Math.Min(TextVectors.LongestText(config), LongestText);

    private Tensor Vectors(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
        => TextVectors.SeesBothSides(Backbone.Config)
            ? TextVectors.Mean(Backbone, tokens, lengths, context)
            : TextVectors.Last(Backbone, tokens, lengths, context);
}

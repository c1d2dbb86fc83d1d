using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>What a pre-trained model makes of whole texts: a state for each token, or one vector for each text.</summary>
internal static class TextVectors
{
    /// <summary>The width of a model's states.</summary>
    /// <exception cref="ArgumentException">The model has no states.</exception>
    internal static int Width(IModelConfig config) => config switch
    {
        BertConfig bert => bert.Width,
        GptConfig gpt => gpt.Width,
        RecurrentConfig recurrent => recurrent.Width,
        NGramConfig => throw new ArgumentException("an n-gram model counts, and has no states to build on: take a network", nameof(config)),
        _ => throw new ArgumentException("only the states of a GPT, a BERT or a recurrent network can be read: take one of those", nameof(config)),
    };

    /// <summary>Whether a state knows what follows it: then a text is closed by the token that ends it.</summary>
    internal static bool SeesBothSides(IModelConfig config) => config is BertConfig;

    /// <summary>The most tokens of a text; a recurrent model reads any number, but its training taught it no more than this.</summary>
    internal static int LongestText(IModelConfig config) => config.EvaluationLength;

    /// <summary>The mean of a text's states: (batch, width).</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">(batch, time) token ids, padded at the end.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="context">The pass.</param>
    internal static Tensor Mean(IModel model, ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
    {
        using var states = Of(model, tokens, lengths, context);
        using var valid = context.Tape.CreateIntegers(new Shape(lengths.Length), lengths);
        return states.MeanPositions(valid);
    }

    /// <summary>
    /// The state of a text's last token: (batch, width). In a model that reads from left to right it is the only one that has seen the whole text.
    /// </summary>
    internal static Tensor Last(IModel model, ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
    {
        using var states = Of(model, tokens, lengths, context);
        var last = new int[lengths.Length];
        for (var text = 0; text < last.Length; text++)
        {
            last[text] = (text * states.Shape[1]) + lengths[text] - 1;
        }
        using var rows = context.Tape.CreateIntegers(new Shape(last.Length), last);
        return states.Rows(rows);
    }

    /// <summary>The states of all tokens: (batch, time, width). What is right of a token changes nothing in causal models, so neither does padding.</summary>
    private static Tensor Of(IModel model, ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ForwardContext context)
    {
        TokenIds.CheckLengths(lengths, tokens.Length / Math.Max(1, lengths.Length), nameof(lengths));
        switch (model)
        {
            case Bert bert:
                return bert.HiddenStates(tokens, lengths, context);
            case Gpt gpt:
                return gpt.HiddenStates(tokens, lengths.Length, context);
            case Recurrent recurrent:
                using (var states = recurrent.HiddenStates(tokens, lengths.Length, context)) // (time, batch, width)
                {
                    return states.Transpose();
                }
            default:
                throw new ArgumentException($"A {model.GetType().Name} has no states.", nameof(model));
        }
    }
}

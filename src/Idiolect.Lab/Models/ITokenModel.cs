using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>A model of token sequences, as far as an experiment asks for it.</summary>
internal interface ITokenModel : IDisposable
{
    ParameterSet Parameters { get; }

    /// <summary>(batch, time) tokens to (batch, time, vocabulary) logits.</summary>
    Tensor Forward(int[] tokens, int batch, ForwardContext context);

    /// <summary>The mean cross-entropy, in nats, of the targets that are not -1.</summary>
    Tensor Loss(int[] tokens, int[] targets, int batch, ForwardContext context);
}

/// <summary>A model for use, in the lab.</summary>
internal sealed class LanguageTokenModel(ILanguageModel model) : ITokenModel
{
    public ParameterSet Parameters => model.Parameters;

    /// <summary>The rival that counts: an interpolated Kneser-Ney n-gram of a text.</summary>
    internal static LanguageTokenModel Count(int[] text, int vocabulary, int order, CancellationToken cancellationToken)
        => new(NGram.Train(text, vocabulary, order, cancellationToken: cancellationToken));

    public Tensor Forward(int[] tokens, int batch, ForwardContext context) => model.Forward(tokens, batch, context);

    public Tensor Loss(int[] tokens, int[] targets, int batch, ForwardContext context) => model.Loss(tokens, targets, batch, context);

    public void Dispose() => model.Dispose();
}

/// <summary>What experiments ask of a model that does not learn at the moment.</summary>
internal static class TokenModelQueries
{
    /// <summary>The logits of all positions, (batch, time, vocabulary), as an array.</summary>
    internal static float[] Logits(this ITokenModel model, int[] tokens, int batch)
    {
        using var tape = new Tape(recording: false);
        using var logits = model.Forward(tokens, batch, new ForwardContext(tape));
        return logits.ToArray();
    }

    /// <summary>The mean loss without learning.</summary>
    internal static double MeanLoss(this ITokenModel model, int[] tokens, int[] targets, int batch)
    {
        using var tape = new Tape(recording: false);
        using var loss = model.Loss(tokens, targets, batch, new ForwardContext(tape));
        return loss.Item();
    }

    /// <summary>The share of targets that are not -1 whose logit is the greatest.</summary>
    internal static double Accuracy(this ITokenModel model, int[] tokens, int[] targets, int batch)
    {
        var logits = model.Logits(tokens, batch);
        var vocabulary = logits.Length / tokens.Length;
        var (right, counted) = (0, 0);
        for (var row = 0; row < targets.Length; row++)
        {
            if (targets[row] >= 0)
            {
                counted++;
                right += Greatest(logits.AsSpan(row * vocabulary, vocabulary)) == targets[row] ? 1 : 0;
            }
        }
        return (double)right / counted;
    }

    internal static int Greatest(ReadOnlySpan<float> values)
    {
        var greatest = 0;
        for (var i = 1; i < values.Length; i++)
        {
            greatest = values[i] > values[greatest] ? i : greatest;
        }
        return greatest;
    }
}

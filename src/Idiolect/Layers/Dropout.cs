using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>Drops activations at random while training (Srivastava et al. 2014).</summary>
/// <param name="scope">Its place, whose name is part of the key of its masks; it has no parameters.</param>
/// <param name="probability">The probability of dropping an activation, at least 0 and below 1.</param>
/// <param name="timeMajor">Whether it sees (time, batch, width), as recurrent layers do, and not (batch, ...): each sample has a mask of its own.</param>
public sealed class Dropout(ParameterScope scope, float probability, bool timeMajor = false)
{
    private readonly ulong _path = scope.Key;

    private readonly float _probability = probability is >= 0f and < 1f
        ? probability
        : throw new ArgumentOutOfRangeException(nameof(probability), $"{probability} is not at least 0 and below 1.");

    /// <summary>Drops in the memory of x, whose handle ends; without training x stays as it is.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="context">The pass.</param>
    /// <returns>The shape of x.</returns>
    public Tensor ForwardInPlace(Tensor x, ForwardContext context) => Probability(context) > 0f
        ? DropoutOperation.Apply(context.Tape, x, _probability, Key(context), context.FirstSample, timeMajor)
        : x;

    /// <summary>The same for the weights of an attention.</summary>
    internal AttentionDropout OfAttention(ForwardContext context) => new(Probability(context), Key(context), context.FirstSample);

    private float Probability(ForwardContext context) => context.Training ? _probability : 0f;

    internal ulong Key(ForwardContext context) => CounterRandom.Derive(context.RandomKey, _path);
}

using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>Drops activations at random while training (Srivastava et al. 2014).</summary>
internal sealed class Dropout(ParameterScope scope, float probability, bool timeMajor = false)
{
    private readonly ulong _path = scope.Key;

    internal float Probability(ForwardContext context) => context.Training ? probability : 0f;

    internal ulong Key(ForwardContext context) => CounterRandom.Derive(context.RandomKey, _path);

    /// <summary>The same for the weights of an attention.</summary>
    internal AttentionDropout OfAttention(ForwardContext context) => new(Probability(context), Key(context), context.FirstSample);

    /// <summary>Keeps the shape; x's handle is consumed.</summary>
    internal Tensor Forward(Tensor x, ForwardContext context)
        => Probability(context) > 0f ? DropoutOperation.Apply(context.Tape, x, probability, Key(context), context.FirstSample, timeMajor) : x;
}

using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>What a forward pass needs besides its input: the step's tape, and whether it trains or continues a cached text.</summary>
public sealed class ForwardContext
{
    /// <summary>Makes a context.</summary>
    /// <param name="tape">The step in which operations run.</param>
    public ForwardContext(Tape tape) => Tape = tape;

    /// <summary>The step in which operations run.</summary>
    public Tape Tape { get; }

    /// <summary>Whether dropout is on.</summary>
    public bool Training { get; init; }

    /// <summary>Whether blocks keep only their input for the backward pass and run again in it: less memory, more time, the same bits.</summary>
    public bool Recompute { get; init; }

    /// <summary>What the model keeps of the tokens before this input, or null when the input is the whole text.</summary>
    public ISequenceMemory? Memory { get; set; }

    /// <summary>The memory of a model with attention: keys and values of the positions before this input.</summary>
    public KeyValueCache? Cache
    {
        get => Memory is null or KeyValueCache
            ? (KeyValueCache?)Memory
            : throw new InvalidOperationException("The memory belongs to another kind of model: it holds no keys and values.");
        init => Memory = value;
    }

    /// <summary>The key of this update's random numbers: the same key gives the same dropout masks.</summary>
    public ulong RandomKey { get; private set; }

    /// <summary>The number of this pass's first sample among those of the update; sample s of the pass draws as number FirstSample + s.</summary>
    public long FirstSample { get; private set; }

    /// <summary>
    /// Sets the key from everything that names a sample, so that a resumed run draws what the first would have, and masks do not
    /// depend on how the samples of an update are divided into passes.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="step">The update.</param>
    /// <param name="firstSample">The samples of the update that other passes have before this one's.</param>
    public void SetRandomKey(ulong seed, long step, long firstSample)
    {
        RandomKey = CounterRandom.Derive(CounterRandom.Derive(seed, (ulong)step), 0);
        FirstSample = firstSample;
    }
}

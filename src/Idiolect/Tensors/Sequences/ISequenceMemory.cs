namespace Idiolect.Tensors;

/// <summary>
/// What a model keeps of the tokens that it has read, so that the next one costs one step and not the whole text again: keys
/// and values for attention, a state vector for recurrence.
/// </summary>
public interface ISequenceMemory : IDisposable
{
    /// <summary>Texts held.</summary>
    int Batch { get; }

    /// <summary>Tokens of each text that have been read since the memory was empty.</summary>
    int Length { get; }

    /// <summary>The most tokens that it can hold; <see cref="int.MaxValue"/> where a text may go on forever.</summary>
    int ContextLength { get; }

    /// <summary>Forgets everything.</summary>
    void Clear();
}

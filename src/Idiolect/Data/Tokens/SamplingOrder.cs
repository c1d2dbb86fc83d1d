namespace Idiolect.Data;

/// <summary>How training windows are drawn.</summary>
public enum SamplingOrder
{
    /// <summary>Each window of an epoch once, in random order.</summary>
    Shuffled,

    /// <summary>Independent uniform positions, with replacement, as nanoGPT draws them.</summary>
    Random,

    /// <summary>
    /// Each row of the batch reads a stretch of several windows in order, so that a state can be carried along; stretches are shuffled.
    /// </summary>
    Contiguous,
}

namespace Idiolect.Tensors;

/// <summary>A phase of a training step.</summary>
public enum StepPhase
{
    /// <summary>From the tokens to the loss.</summary>
    Forward,

    /// <summary>From the loss to the gradients.</summary>
    Backward,

    /// <summary>From the gradients to new parameters.</summary>
    Update,
}

namespace Idiolect.Evaluation;

/// <summary>What a method without a neural network reaches on the validation documents, after the training documents.</summary>
/// <param name="Name">The method.</param>
/// <param name="BitsPerByte">Bits for each byte of the validation text; null if it could not be measured.</param>
/// <param name="Bytes">The UTF-8 bytes of the validation text.</param>
/// <param name="Seconds">The time it took.</param>
/// <param name="Note">Why it was not measured, or on what condition; null if there is nothing to say.</param>
public sealed record BaselineResult(string Name, double? BitsPerByte, long Bytes, double Seconds, string? Note = null);

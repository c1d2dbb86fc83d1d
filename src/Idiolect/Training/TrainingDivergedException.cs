namespace Idiolect.Training;

/// <summary>Training cannot go on: several steps in a row had a loss or gradient that is not finite.</summary>
/// <param name="message">What happened, where, and what to try.</param>
public sealed class TrainingDivergedException(string message) : ArithmeticException(message);

namespace Idiolect.Models;

/// <summary>What the numbers of a config must fulfil.</summary>
internal static class Requirement
{
    /// <summary>Refuses a number that does not.</summary>
    /// <param name="holds">Whether it does.</param>
    /// <param name="name">The property.</param>
    /// <param name="message">What is wrong.</param>
    /// <exception cref="ArgumentException">It does not; the message begins with the name.</exception>
    internal static void Require(bool holds, string name, string message)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: {message}", name);
        }
    }

    /// <summary>Refuses a size that is not positive.</summary>
    /// <param name="value">The size.</param>
    /// <param name="name">The property.</param>
    /// <exception cref="ArgumentException">It is not; the message begins with the name.</exception>
    internal static void Positive(int value, string name) => Require(value > 0, name, $"{value} must be positive.");
}

namespace Idiolect.Tensors;

/// <summary>Token ids as they come from outside.</summary>
internal static class TokenIds
{
    /// <summary>Refuses ids that a model has no row for.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="smallest">0, or -1 for targets that may be left out.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="parameter">The caller's name of the ids.</param>
    /// <exception cref="ArgumentException">An id is outside the vocabulary.</exception>
    internal static void Check(ReadOnlySpan<int> ids, int smallest, int vocabulary, string parameter)
    {
        foreach (var id in ids)
        {
            if (id < smallest || id >= vocabulary)
            {
                throw new ArgumentException($"Token {id} is outside the vocabulary of {vocabulary}.", parameter);
            }
        }
    }
}

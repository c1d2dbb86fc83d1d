namespace Idiolect.Tensors;

/// <summary>Which sequence of a memory each goes on from, as it comes from outside.</summary>
internal static class SequenceParents
{
    /// <summary>Refuses parents that a memory of so many sequences does not hold.</summary>
    /// <param name="parents">(batch).</param>
    /// <param name="batch">The memory's sequences.</param>
    /// <exception cref="ArgumentException">There is not one for each sequence, or one is none of them.</exception>
    internal static void Check(ReadOnlySpan<int> parents, int batch)
    {
        if (parents.Length != batch)
        {
            throw new ArgumentException($"{parents.Length} parents for {batch} sequences.", nameof(parents));
        }
        foreach (var parent in parents)
        {
            if ((uint)parent >= (uint)batch)
            {
                throw new ArgumentException($"Parent {parent} is none of the {batch} sequences.", nameof(parents));
            }
        }
    }
}

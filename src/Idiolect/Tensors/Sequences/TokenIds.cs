namespace Idiolect.Tensors;

/// <summary>Token ids, and the lengths of their sequences, as they come from outside.</summary>
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

    /// <summary>The tokens of each sequence of a batch.</summary>
    /// <param name="ids">(batch, time).</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="parameter">The caller's name of the ids.</param>
    /// <exception cref="ArgumentException">The ids are no whole sequences, or one is outside the vocabulary.</exception>
    internal static int Time(ReadOnlySpan<int> ids, int batch, int vocabulary, string parameter)
    {
        var time = batch > 0 ? ids.Length / batch : 0;
        if (time == 0 || time * batch != ids.Length)
        {
            throw new ArgumentException($"{ids.Length} tokens are not {batch} sequences of equal length.", parameter);
        }
        Check(ids, 0, vocabulary, parameter);
        return time;
    }

    /// <summary>Refuses anything but one token for each sequence.</summary>
    /// <param name="ids">(batch).</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="parameter">The caller's name of the ids.</param>
    /// <exception cref="ArgumentException">They are more or fewer, or one is outside the vocabulary.</exception>
    internal static void CheckNext(ReadOnlySpan<int> ids, int batch, int vocabulary, string parameter)
    {
        if (ids.Length != batch)
        {
            throw new ArgumentException($"{ids.Length} tokens for {batch} sequences.", parameter);
        }
        Check(ids, 0, vocabulary, parameter);
    }

    /// <summary>Refuses lengths that sequences padded to one time cannot have.</summary>
    /// <param name="lengths">(batch): the tokens of each sequence that are no padding.</param>
    /// <param name="time">The tokens with it.</param>
    /// <param name="parameter">The caller's name of the lengths.</param>
    /// <exception cref="ArgumentException">A length is not between 1 and the time.</exception>
    internal static void CheckLengths(ReadOnlySpan<int> lengths, int time, string parameter)
    {
        foreach (var length in lengths)
        {
            if (length < 1 || length > time)
            {
                throw new ArgumentException($"A length of {length} is not between 1 and the {time} tokens of a text.", parameter);
            }
        }
    }
}

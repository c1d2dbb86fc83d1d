namespace Idiolect.Data;

/// <summary>One row of a batch: tokens, and after each the one that the model should predict.</summary>
internal static class Window
{
    /// <summary>A target that does not count in the loss.</summary>
    internal const int Ignored = -1;

    internal static Span<int> Row(Span<int> batch, int row, int contextLength) => batch.Slice(row * contextLength, contextLength);

    /// <summary>
    /// Fills a row from position <paramref name="start"/> of which the first <paramref name="count"/> targets count; the rest
    /// repeats token 0 with <see cref="Ignored"/> targets.
    /// </summary>
    internal static void Fill(TokenDataset data, long start, int count, Span<int> inputs, Span<int> targets)
    {
        data.CopyTo(start, inputs[..count]);
        data.CopyTo(start + 1, targets[..count]);
        inputs[count..].Clear();
        targets[count..].Fill(Ignored);
    }

    internal static void Require(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batchSize, int contextLength)
    {
        var expected = (long)batchSize * contextLength;
        if (inputs.Length != expected)
        {
            throw new ArgumentException($"Expected room for {batchSize} x {contextLength} tokens, found {inputs.Length}.", nameof(inputs));
        }
        if (targets.Length != expected)
        {
            throw new ArgumentException($"Expected room for {batchSize} x {contextLength} tokens, found {targets.Length}.", nameof(targets));
        }
    }
}

namespace Idiolect.Tensors;

/// <summary>The log-probabilities of given tokens.</summary>
/// <param name="LogProbabilities">log p of each row's token, in nats; 0 where there is none. The shape of the hidden states without their width.</param>
/// <param name="Entropies">The entropy of each row's distribution, in nats, of the same shape; null where it was not asked for.</param>
public readonly record struct TokenLogProbabilities(Tensor LogProbabilities, Tensor? Entropies) : IDisposable
{
    /// <summary>Ends both handles.</summary>
    public void Dispose()
    {
        LogProbabilities.Dispose();
        Entropies?.Dispose();
    }
}

/// <summary>
/// What is minimised. A loss is a tensor of one element like any other: losses of one or of several models add up, scale, and go through
/// the operations of <see cref="TensorOperations"/>; each honours the gradient that comes from above.
/// </summary>
/// <remarks>
/// Cross-entropy and log-probabilities are computed when <see cref="Tape.Backward"/> comes by, their gradients with them, as long as nothing but sums
/// and multiples were made of them. Where a value is asked for first, by reading it or by an operation that is not linear, the backward
/// pass makes the logits a second time: a third more work in the output layer, the same bits.
/// </remarks>
public static class Loss
{
    /// <summary>The output layer and the mean cross-entropy over the rows whose target is not -1, in nats; 0 where there are none.</summary>
    /// <param name="hidden">(..., width): the hidden states. The logits of all rows never exist at once.</param>
    /// <param name="weight">(vocabulary, width): the output layer's matrix.</param>
    /// <param name="targets">A token id for each row, or -1.</param>
    /// <param name="labelSmoothing">The share of each target that goes to all tokens alike (Szegedy et al. 2016).</param>
    /// <param name="bias">(vocabulary), added to the logits, or null.</param>
    /// <returns>(1).</returns>
    /// <exception cref="ArgumentException">There is not one target a row, or one is outside the vocabulary.</exception>
    public static Tensor CrossEntropy(
        Tensor hidden, Parameter weight, ReadOnlySpan<int> targets, float labelSmoothing = 0f, Parameter? bias = null)
    {
        if (!(labelSmoothing is >= 0f and < 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), $"{labelSmoothing} is not at least 0 and below 1.");
        }
        return CrossEntropyOperation.Apply(hidden.Node.Tape, hidden, weight, targets, labelSmoothing, bias);
    }

    /// <summary>The output layer and the log-probability of a given token in each row.</summary>
    /// <param name="hidden">(..., width): the hidden states. The logits of all rows never exist at once.</param>
    /// <param name="weight">(vocabulary, width): the output layer's matrix.</param>
    /// <param name="tokens">A token id for each row, or -1 for none.</param>
    /// <param name="entropies">Whether the entropy of each row's distribution is wanted, too; it has a gradient as well.</param>
    /// <param name="bias">(vocabulary), added to the logits, or null.</param>
    /// <exception cref="ArgumentException">There is not one token a row, or one is outside the vocabulary.</exception>
    public static TokenLogProbabilities TokenLogProbabilities(
        Tensor hidden, Parameter weight, ReadOnlySpan<int> tokens, bool entropies = false, Parameter? bias = null)
    {
        var (logProbabilities, entropy) = TokenLogProbabilitiesOperation.Apply(hidden.Node.Tape, hidden, weight, bias, tokens, entropies);
        return new TokenLogProbabilities(logProbabilities, entropy);
    }

    /// <summary>sum(weights * (y - targets)^2) / count: the weighted mean squared error.</summary>
    /// <param name="y">Any shape: the prediction.</param>
    /// <param name="targets">As many values as y has.</param>
    /// <param name="weights">Likewise, none negative; empty for 1 everywhere.</param>
    /// <returns>(1).</returns>
    /// <exception cref="ArgumentException">There are more or fewer targets or weights.</exception>
    public static Tensor SquaredError(Tensor y, ReadOnlySpan<float> targets, ReadOnlySpan<float> weights = default)
        => SquaredErrorOperation.Apply(y.Node.Tape, y, targets, weights);
}

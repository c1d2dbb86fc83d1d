namespace Idiolect.Evaluation;

/// <summary>How good rows of scores are against the answers that were wanted.</summary>
internal static class LogitScore
{
    /// <summary>The cross-entropy of one answer, in nats.</summary>
    /// <param name="logits">The scores of all answers.</param>
    /// <param name="target">The right one.</param>
    internal static double Nats(ReadOnlySpan<float> logits, int target)
    {
        double max = logits[Best(logits)];
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - max);
        }
        return Math.Log(sum) - (logits[target] - max);
    }

    /// <summary>The answer with the greatest score; of equal ones the first.</summary>
    internal static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /// <summary>The softmax of the scores.</summary>
    internal static double[] Probabilities(ReadOnlySpan<float> logits)
    {
        double max = logits[Best(logits)];
        var probabilities = new double[logits.Length];
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] = Math.Exp(logits[i] - max);
            sum += probabilities[i];
        }
        for (var i = 0; i < logits.Length; i++)
        {
            probabilities[i] /= sum;
        }
        return probabilities;
    }
}

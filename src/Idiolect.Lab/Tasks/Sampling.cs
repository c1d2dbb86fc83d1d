namespace Idiolect.Lab.Tasks;

/// <summary>Draws from a model's scores, and reads them.</summary>
internal static class Sampling
{
    /// <summary>The logarithm of the probability that a softmax gives to an index.</summary>
    internal static double LogProbability(ReadOnlySpan<float> logits, int index)
    {
        var (greatest, total) = Softmax(logits);
        return logits[index] - greatest - Math.Log(total);
    }

    /// <summary>One index, with the probabilities of a softmax.</summary>
    internal static int Draw(ReadOnlySpan<float> logits, Random random)
    {
        var (greatest, total) = Softmax(logits);
        var left = random.NextDouble() * total;
        for (var i = 0; i < logits.Length; i++)
        {
            left -= Math.Exp(logits[i] - greatest);
            if (left <= 0)
            {
                return i;
            }
        }
        return logits.Length - 1;
    }

    private static (float Greatest, double Total) Softmax(ReadOnlySpan<float> logits)
    {
        var greatest = float.NegativeInfinity;
        foreach (var logit in logits)
        {
            greatest = Math.Max(greatest, logit);
        }
        var total = 0.0;
        foreach (var logit in logits)
        {
            total += Math.Exp(logit - greatest);
        }
        return (greatest, total);
    }
}

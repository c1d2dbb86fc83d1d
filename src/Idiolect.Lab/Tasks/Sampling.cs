namespace Idiolect.Lab.Tasks;

/// <summary>Draws from a model's scores.</summary>
internal static class Sampling
{
    /// <summary>One index, with the probabilities of a softmax.</summary>
    internal static int Draw(ReadOnlySpan<float> logits, Random random)
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
}

namespace Idiolect.Tests.Kernels;

/// <summary>Compares a hand-written gradient with central differences of the loss, in double precision.</summary>
internal static class FiniteDifferences
{
    /// <summary>
    /// Checks that <paramref name="gradient"/> is the gradient of <paramref name="loss"/> by <paramref name="parameters"/>,
    /// which the loss reads and which are restored afterwards.
    /// </summary>
    internal static void Check(Func<double> loss, double[] parameters, ReadOnlySpan<double> gradient, double tolerance = 1e-6)
    {
        const double Step = 1e-5;
        Assert.Equal(parameters.Length, gradient.Length);
        for (var i = 0; i < parameters.Length; i++)
        {
            var value = parameters[i];
            parameters[i] = value + Step;
            var above = loss();
            parameters[i] = value - Step;
            var below = loss();
            parameters[i] = value;
            var difference = (above - below) / (2 * Step);
            Assert.True(
                Math.Abs(difference - gradient[i]) <= tolerance * (1 + Math.Abs(difference)),
                $"Element {i}: the gradient is {gradient[i]:R}, finite differences give {difference:R}.");
        }
    }
}

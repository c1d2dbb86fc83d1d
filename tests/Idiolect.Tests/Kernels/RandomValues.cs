using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>Random inputs of kernels: float values, also as the doubles that the reference reads.</summary>
internal static class RandomValues
{
    /// <summary>Standard normal values times <paramref name="scale"/>, the same for the same seed.</summary>
    internal static float[] Normal(ulong seed, int count, double scale = 1)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(scale * CounterRandom.Normal(seed, (ulong)i));
        }
        return values;
    }

    internal static double[] ToDoubles(this float[] values) => Array.ConvertAll(values, value => (double)value);

    /// <summary>The sum of a[i] * b[i]: a loss whose gradient by b is a.</summary>
    internal static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }
        return sum;
    }
}

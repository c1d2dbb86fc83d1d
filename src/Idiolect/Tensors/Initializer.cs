using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Tensors;

/// <summary>How a parameter's first values are made.</summary>
/// <param name="Mean">The value, or the mean.</param>
/// <param name="Deviation">The standard deviation of a normal distribution; 0 for a constant.</param>
/// <param name="First">Of a constant, the first element that has it.</param>
/// <param name="Length">Of a constant, how many have it; the others are 0.</param>
public readonly record struct Initializer(float Mean, float Deviation, int First = 0, int Length = int.MaxValue)
{
    /// <summary>0 everywhere.</summary>
    public static Initializer Zeros => new(0f, 0f);

    /// <summary>1 everywhere.</summary>
    public static Initializer Ones => new(1f, 0f);

    /// <summary>One value in a block of elements, 0 elsewhere.</summary>
    /// <param name="first">The block's first element.</param>
    /// <param name="length">Its elements.</param>
    /// <param name="value">Their value.</param>
    public static Initializer Block(int first, int length, double value) => new((float)value, 0f, first, length);

    /// <summary>A normal distribution around 0.</summary>
    /// <param name="deviation">Its standard deviation.</param>
    public static Initializer Normal(double deviation) => new(0f, (float)deviation);

    /// <summary>Fills an array; element i is a pure function of (key, i).</summary>
    internal unsafe void Fill(float* values, long count, ulong key)
    {
        if (Deviation == 0f)
        {
            for (var i = 0L; i < count; i++)
            {
                values[i] = i >= First && i - First < Length ? Mean : 0f;
            }
            return;
        }
        var (mean, deviation) = (Mean, Deviation);
        const long Chunk = 1 << 16;
        Parallel.For(0, CeilingDivide(count, Chunk), chunk =>
        {
            var end = Math.Min(count, (chunk + 1) * Chunk);
            for (var i = chunk * Chunk; i < end; i++)
            {
                values[i] = mean + (deviation * (float)CounterRandom.Normal(key, (ulong)i));
            }
        });
    }
}

namespace Idiolect.Kernels;

/// <summary>Finds the element that spoiled a sum.</summary>
internal static unsafe class Finite
{
    /// <summary>The index of the first NaN or infinity in x (count), or -1. Used only after a norm was not finite, so it is plain.</summary>
    internal static long FirstBad(float* x, long count)
    {
        for (var i = 0L; i < count; i++)
        {
            if (!float.IsFinite(x[i]))
            {
                return i;
            }
        }
        return -1;
    }
}

namespace Idiolect.Kernels;

/// <summary>Whole numbers rounded up: how many pieces something has, and what it fills in whole pieces. For values from 0 and pieces from 1 on.</summary>
internal static class Rounding
{
    internal static int CeilingDivide(int value, int by) => (value + by - 1) / by;

    internal static long CeilingDivide(long value, long by) => (value + by - 1) / by;

    internal static int RoundUp(int value, int multiple) => CeilingDivide(value, multiple) * multiple;

    internal static long RoundUp(long value, long multiple) => CeilingDivide(value, multiple) * multiple;
}

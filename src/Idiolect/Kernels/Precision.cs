namespace Idiolect.Kernels;

/// <summary>How the operands of a product are rounded before they are multiplied. Sums are fp32, or exact, in either case.</summary>
public enum Precision
{
    /// <summary>Not at all: float32.</summary>
    Fp32,

    /// <summary>
    /// To 16 bits while they are packed; the values in memory stay fp32. As a rule that is bfloat16 (8 bits of mantissa, to nearest even). Where bfloat16 would
    /// not be faster than fp32, but 16-bit integers are (AVX512-VNNI, AVX-VNNI, AVX2), it is integers with a scale for each row, or column, and some hundred inner
    /// indices. They lose less: of the product of both norms at most the 1,100th part, bfloat16 the 128th. But numbers below the 64,000th part of their row's
    /// norm become 0, and a row whose norm is above 1.8e19 yields NaN.
    /// </summary>
    Bf16,
}

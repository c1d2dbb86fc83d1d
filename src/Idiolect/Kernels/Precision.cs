namespace Idiolect.Kernels;

/// <summary>How the operands of a product are rounded before they are multiplied. Sums are fp32, or exact, in either case.</summary>
public enum Precision
{
    /// <summary>Not at all: float32.</summary>
    Fp32,

    /// <summary>
    /// To 16 bits, while they are packed; the values in memory stay fp32. To bfloat16 (8 bits of mantissa, to nearest even) where the processor has
    /// instructions for that which are faster than fp32's, or no others. Else (AVX2, AVX-512 with VNNI) to integers with a scale for each row, or column, and some
    /// hundred inner indices, which lose less of a product: beside the norms of a row and a column at most the 1,100th part of them, bfloat16 the 128th. Of a
    /// row's numbers those below the 64,000th part of its norm become 0; a row whose norm is above 1.8e19 yields NaN.
    /// </summary>
    Bf16,
}

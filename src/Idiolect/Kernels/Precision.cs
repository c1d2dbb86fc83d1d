namespace Idiolect.Kernels;

/// <summary>How the operands of a product are rounded before they are multiplied. Sums are fp32 in either case.</summary>
public enum Precision
{
    /// <summary>Not at all: float32.</summary>
    Fp32,

    /// <summary>To bfloat16 (8 bits of mantissa), to nearest even, while they are packed; the values in memory stay fp32.</summary>
    Bf16,
}

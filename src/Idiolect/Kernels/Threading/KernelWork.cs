namespace Idiolect.Kernels;

/// <summary>
/// The least that a job must do: what arithmetic over the machine's peak and bytes over its bandwidth bound. Every operand is read and every
/// result written once, 4 bytes a number, what is added to both.
/// </summary>
/// <param name="Flops">Operations of matrix products, two a multiply-add; what else is computed is less than its memory takes.</param>
/// <param name="Bytes">Bytes read and written.</param>
internal readonly record struct KernelWork(double Flops, double Bytes)
{
    /// <summary>The work of a kernel that multiplies no matrices.</summary>
    internal static KernelWork Moving(double floats) => new(0, floats * sizeof(float));

    public static KernelWork operator +(KernelWork a, KernelWork b) => new(a.Flops + b.Flops, a.Bytes + b.Bytes);
}

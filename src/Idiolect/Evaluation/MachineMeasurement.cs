namespace Idiolect.Evaluation;

/// <summary>
/// The best of several rounds on one thread, on two, and so on. A multiply-add counts as two operations, a GB is 10^9 bytes, and a copy
/// counts what it reads and what it writes.
/// </summary>
/// <param name="Variant">The kernels in use: "assembled" where matrix products are, otherwise the vectors'.</param>
/// <param name="Vectors">The kernels that are written in C#: "scalar", "vector128", "vector256" or "vector512".</param>
/// <param name="AssembledKernels">The micro-kernels assembled at run time, or why there are none.</param>
/// <param name="Fp32Gflops">GFLOP/s in float32.</param>
/// <param name="Bf16Gflops">GFLOP/s of the kernel that serves bf16, which <paramref name="AssembledKernels"/> names; empty where there is none, and it is multiplied as float32.</param>
/// <param name="Int8Gops">GOP/s in 8-bit integers; empty where the processor has no such instructions.</param>
/// <param name="ReadGBps">GB/s read from memory.</param>
/// <param name="WriteGBps">GB/s written to memory.</param>
/// <param name="CopyGBps">GB/s copied from memory to memory.</param>
public sealed record MachineMeasurement(
    string Variant,
    string Vectors,
    string AssembledKernels,
    IReadOnlyList<double> Fp32Gflops,
    IReadOnlyList<double> Bf16Gflops,
    IReadOnlyList<double> Int8Gops,
    IReadOnlyList<double> ReadGBps,
    IReadOnlyList<double> WriteGBps,
    IReadOnlyList<double> CopyGBps);

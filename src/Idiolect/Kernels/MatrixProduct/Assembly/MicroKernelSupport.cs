using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels.Assembly;

/// <summary>Which kinds of micro-kernels the processor and the system allow.</summary>
internal static class MicroKernelSupport
{
    /// <summary>Whether this processor, and .NET's switches, allow the kernel, and it is not slower than what else there is.</summary>
    internal static bool IsWorthwhile(MicroKernelKind kind) => IsSupported(kind) && (kind != MicroKernelKind.ScaledInt16Avx2 || HasTwoInt16Multipliers);

    /// <summary>Whether this processor, and .NET's switches for AVX2 and AVX-512, allow the kernel.</summary>
    internal static bool IsSupported(MicroKernelKind kind)
        => RuntimeInformation.ProcessArchitecture == Architecture.X64 && kind switch
        {
            MicroKernelKind.Float32Avx2 or MicroKernelKind.ScaledInt16Avx2 => Avx2.IsSupported && Fma.IsSupported && Vector256.IsHardwareAccelerated,
            MicroKernelKind.Float32Avx512 or MicroKernelKind.Float32Avx512MemoryOperands => Avx512F.IsSupported && Vector512.IsHardwareAccelerated,
            // CPUID leaf 7: sub-leaf 1, EAX bit 4 is AVX_VNNI and bit 5 AVX512_BF16; sub-leaf 0, ECX bit 11 is AVX512_VNNI.
            MicroKernelKind.ScaledInt16AvxVnni => IsSupported(MicroKernelKind.Float32Avx2) && Leaf7(1) && (X86Base.CpuId(7, 1).Eax & (1 << 4)) != 0,
            MicroKernelKind.BFloat16 => IsSupported(MicroKernelKind.Float32Avx512) && Leaf7(1) && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0,
            // Panels are packed by 512-bit registers.
            MicroKernelKind.BFloat16Tiles => IsSupported(MicroKernelKind.Float32Avx512) && Avx512BW.IsSupported && TileRegisters.TryPermit(),
            _ => IsSupported(MicroKernelKind.Float32Avx512) && Leaf7(0) && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0,
        };

    private static bool Leaf7(int subLeaf)
        => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= subLeaf;

    /// <summary>
    /// With one, as before Intel's Skylake and AMD's Zen 3, VPMADDWD has the rate of fp32's multiply-adds. CPUID leaf 7: Skylake brought CLFLUSHOPT (EBX bit 23),
    /// Zen 3 VAES (ECX bit 9).
    /// </summary>
    private static bool HasTwoInt16Multipliers => Leaf7(0) && (IsIntel ? (X86Base.CpuId(7, 0).Ebx & (1 << 23)) != 0 : (X86Base.CpuId(7, 0).Ecx & (1 << 9)) != 0);

    internal static bool IsIntel => X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == 0x756E6547; // "Genu" of GenuineIntel
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels.Assembly;

/// <summary>The micro-kernels of this process; sets are empty where the processor or the system does not allow one.</summary>
internal static class MicroKernels
{
    /// <summary>Multiply fp32 panels, in tiles as wide as <see cref="Isa.Vector512"/>'s or <see cref="Isa.Vector256"/>'s.</summary>
    internal static MicroKernelSet Float32 { get; } = new(WidestFloat32);

    /// <summary>Multiply what bf16 rounds to: bfloat16 where that is faster than fp32, else integers with scales.</summary>
    internal static MicroKernelSet Bf16 => LazyBf16.Value;

    // Not before bf16 is asked for: to look for tile registers is to ask the system for them.
    private static readonly Lazy<MicroKernelSet> LazyBf16 = new(() => new(FastestBf16));

    /// <summary>Multiply int8 panels in 12 x 32 tiles.</summary>
    internal static MicroKernelSet Int8 { get; } = new(MicroKernelKind.Int8);

    /// <summary>What there is, or why there is nothing, in a few words.</summary>
    internal static string Description
    {
        get
        {
            if (!Float32.Exists)
            {
                return IsSupported(MicroKernelKind.Float32Avx2) ? "none: the system forbids executable pages" : "none: the processor has no AVX2";
            }
            var fp32 = IsSupported(MicroKernelKind.Float32Avx512) ? "fp32 (AVX-512)" : "fp32 (AVX2)";
            var bf16 = !Bf16.Exists ? null : Bf16.Kind switch
            {
                MicroKernelKind.BFloat16Tiles => "bf16 (AMX)",
                MicroKernelKind.BFloat16 => "bf16 (AVX512-BF16)",
                MicroKernelKind.ScaledInt16Avx512 => "bf16 as int16 (AVX512-VNNI)",
                MicroKernelKind.ScaledInt16AvxVnni => "bf16 as int16 (AVX-VNNI)",
                _ => "bf16 as int16 (AVX2)",
            };
            var int8 = Int8.Exists ? "int8 (AVX512-VNNI)" : null;
            return string.Join(", ", new[] { fp32, bf16, int8 }.OfType<string>());
        }
    }

    /// <summary>
    /// Which of the fp32 kernels is fastest, products taken apart: on Intel's Emerald Rapids, whose front end is the narrower, memory operands won 9%; on AMD's
    /// Zen 5 they lose 2%, and 12% while a neighbour is busy, for their loads are as many as it has room for.
    /// </summary>
    private static MicroKernelKind WidestFloat32
        => !IsSupported(MicroKernelKind.Float32Avx512) ? MicroKernelKind.Float32Avx2
            : IsIntel ? MicroKernelKind.Float32Avx512MemoryOperands
            : MicroKernelKind.Float32Avx512;

    /// <summary>Tile registers first; of integers those whose panels are as wide as the fp32 kernel's, for all are packed by the same code.</summary>
    private static MicroKernelKind FastestBf16
        => IsSupported(MicroKernelKind.BFloat16Tiles) ? MicroKernelKind.BFloat16Tiles
            : IsSupported(MicroKernelKind.BFloat16) && !BFloat16IsSlow ? MicroKernelKind.BFloat16
            : IsSupported(MicroKernelKind.Float32Avx512) ? MicroKernelKind.ScaledInt16Avx512
            : IsSupported(MicroKernelKind.ScaledInt16AvxVnni) ? MicroKernelKind.ScaledInt16AvxVnni
            : MicroKernelKind.ScaledInt16Avx2;

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
    /// On Intel's Emerald Rapids VDPBF16PS reaches half of the fp32 rate (88 and 177 GFLOP/s), on AMD's Zen 5 twice (428 and 219). Other processors of
    /// Intel were not measured.
    /// </summary>
    private static bool BFloat16IsSlow => IsIntel;

    /// <summary>
    /// With one, as before Intel's Skylake and AMD's Zen 3, VPMADDWD has the rate of fp32's multiply-adds. CPUID leaf 7: Skylake brought CLFLUSHOPT (EBX bit 23),
    /// Zen 3 VAES (ECX bit 9).
    /// </summary>
    private static bool HasTwoInt16Multipliers => Leaf7(0) && (IsIntel ? (X86Base.CpuId(7, 0).Ebx & (1 << 23)) != 0 : (X86Base.CpuId(7, 0).Ecx & (1 << 9)) != 0);

    private static bool IsIntel => X86Base.IsSupported && X86Base.CpuId(0, 0).Ebx == 0x756E6547; // "Genu" of GenuineIntel
}

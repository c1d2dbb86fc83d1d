using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels.Assembly;

/// <summary>The micro-kernels that this process has assembled; null where the processor or the system does not allow one.</summary>
internal static unsafe class MicroKernels
{
    private static readonly Lazy<Functions> LazyFunctions = new(() => new Functions());

    /// <summary>Multiplies fp32 panels, in tiles as wide as <see cref="Isa.Vector512"/>'s or <see cref="Isa.Vector256"/>'s.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Float32 => LazyFunctions.Value.Float32;

    /// <summary>The same with the rows of A where they lie.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Float32Rows => LazyFunctions.Value.Float32Rows;

    /// <summary>Multiplies bf16 panels in 12 x 32 tiles; null also where it would be slower than fp32.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> BFloat16 => LazyFunctions.Value.BFloat16;

    /// <summary>Multiplies bf16 panels in 32 x 32 tiles, by tile registers.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> BFloat16Tiles => LazyFunctions.Value.BFloat16Tiles;

    /// <summary>Multiplies int8 panels in 12 x 32 tiles.</summary>
    internal static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Int8 => LazyFunctions.Value.Int8;

    /// <summary>What there is, or why there is nothing, in a few words.</summary>
    internal static string Description => LazyFunctions.Value.Description;

    /// <summary>Whether this processor, and .NET's switches, allow the kernel.</summary>
    internal static bool IsSupported(MicroKernelKind kind)
        => RuntimeInformation.ProcessArchitecture == Architecture.X64 && kind switch
        {
            MicroKernelKind.Float32Avx2 => Avx2.IsSupported && Fma.IsSupported && Vector256.IsHardwareAccelerated,
            MicroKernelKind.Float32Avx512 => Avx512F.IsSupported && Vector512.IsHardwareAccelerated,
            // CPUID leaf 7: sub-leaf 1, EAX bit 5 is AVX512_BF16; sub-leaf 0, ECX bit 11 is AVX512_VNNI.
            MicroKernelKind.BFloat16 => IsSupported(MicroKernelKind.Float32Avx512) && Leaf7(1) && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0,
            // Panels are packed by 512-bit registers.
            MicroKernelKind.BFloat16Tiles => IsSupported(MicroKernelKind.Float32Avx512) && Avx512BW.IsSupported && TileRegisters.ArePermitted,
            _ => IsSupported(MicroKernelKind.Float32Avx512) && Leaf7(0) && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0,
        };

    private static bool Leaf7(int subLeaf)
        => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= subLeaf;

    /// <summary>
    /// Intel's processors take two cycles for the 32 multiply-adds of one VDPBF16PS and do 32 fp32 ones in each (Emerald Rapids: 87 and 176
    /// GFLOP/s); AMD's do 64.
    /// </summary>
    private static bool BFloat16IsSlow => X86Base.CpuId(0, 0).Ebx == 0x756E6547; // "Genu" of GenuineIntel

    private sealed class Functions
    {
        internal readonly delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Float32, Float32Rows, BFloat16, BFloat16Tiles, Int8;
        internal readonly string Description;

        internal Functions()
        {
            var wide = IsSupported(MicroKernelKind.Float32Avx512);
            var kind = wide ? MicroKernelKind.Float32Avx512 : MicroKernelKind.Float32Avx2;
            Float32 = Make(kind);
            Float32Rows = Make(kind, ALayout.Rows);
            BFloat16Tiles = Make(MicroKernelKind.BFloat16Tiles);
            BFloat16 = BFloat16Tiles == null && IsSupported(MicroKernelKind.BFloat16) && !BFloat16IsSlow ? Make(MicroKernelKind.BFloat16) : null;
            Int8 = Make(MicroKernelKind.Int8);
            var bf16 = BFloat16Tiles != null ? "bf16 (AMX)" : BFloat16 != null ? "bf16 (AVX512-BF16)" : null;
            Description = Float32 != null
                ? string.Join(", ", new[] { wide ? "fp32 (AVX-512)" : "fp32 (AVX2)", bf16, Int8 != null ? "int8 (AVX512-VNNI)" : null }.OfType<string>())
                : IsSupported(MicroKernelKind.Float32Avx2) ? "none: the system forbids executable pages" : "none: the processor has no AVX2";
        }

        private static delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Make(MicroKernelKind kind, ALayout layout = ALayout.Panel)
        {
            if (!IsSupported(kind))
            {
                return null;
            }
            var convention = OperatingSystem.IsWindows() ? CallingConvention.Windows : CallingConvention.SystemV;
            return (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)ExecutableMemory.Seal(MicroKernelAssembler.Assemble(kind, layout, convention));
        }
    }
}

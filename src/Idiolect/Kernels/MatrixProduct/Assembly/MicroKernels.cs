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
                return MicroKernelSupport.IsSupported(MicroKernelKind.Float32Avx2) ? "none: the system forbids executable pages" : "none: the processor has no AVX2";
            }
            var fp32 = MicroKernelSupport.IsSupported(MicroKernelKind.Float32Avx512) ? "fp32 (AVX-512)" : "fp32 (AVX2)";
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
        => !MicroKernelSupport.IsSupported(MicroKernelKind.Float32Avx512) ? MicroKernelKind.Float32Avx2
            : MicroKernelSupport.IsIntel ? MicroKernelKind.Float32Avx512MemoryOperands
            : MicroKernelKind.Float32Avx512;

    /// <summary>Tile registers first; of integers those whose panels are as wide as the fp32 kernel's, for all are packed by the same code.</summary>
    private static MicroKernelKind FastestBf16
        => MicroKernelSupport.IsSupported(MicroKernelKind.BFloat16Tiles) ? MicroKernelKind.BFloat16Tiles
            : MicroKernelSupport.IsSupported(MicroKernelKind.BFloat16) && !BFloat16IsSlow ? MicroKernelKind.BFloat16
            : MicroKernelSupport.IsSupported(MicroKernelKind.Float32Avx512) ? MicroKernelKind.ScaledInt16Avx512
            : MicroKernelSupport.IsSupported(MicroKernelKind.ScaledInt16AvxVnni) ? MicroKernelKind.ScaledInt16AvxVnni
            : MicroKernelKind.ScaledInt16Avx2;

    /// <summary>
    /// On Intel's Emerald Rapids VDPBF16PS reaches half of the fp32 rate (88 and 177 GFLOP/s), on AMD's Zen 5 twice (428 and 219). Other processors of
    /// Intel were not measured.
    /// </summary>
    private static bool BFloat16IsSlow => MicroKernelSupport.IsIntel;
}

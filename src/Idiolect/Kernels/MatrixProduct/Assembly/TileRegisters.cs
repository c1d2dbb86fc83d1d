using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels.Assembly;

/// <summary>
/// Intel's tile registers, which a process must ask the system for, because they add 8 KiB to what a thread's state may be.
/// Asked for on Linux only (5.16 and later). A thread that uses them needs a <see cref="SignalStack"/> of its own.
/// </summary>
internal static partial class TileRegisters
{
    private const long ArchPrctl = 158, RequestPermission = 0x1023, TileData = 18; // x86-64 Linux: ARCH_REQ_XCOMP_PERM of an XSAVE component

    /// <summary>Whether there are some that multiply bf16, and the system, which is asked, permits them. It then does for the life of the process.</summary>
    internal static bool TryPermit() => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && Exist && Request();

    // CPUID leaf 7: EDX bit 22 is AMX-BF16, bit 24 AMX-TILE.
    private static bool Exist => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0 && (X86Base.CpuId(7, 0).Edx & (1 << 24)) != 0;

    private static bool Request() => SystemCall(ArchPrctl, RequestPermission, TileData) == 0;

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long SystemCall(long number, long first, long second);
}

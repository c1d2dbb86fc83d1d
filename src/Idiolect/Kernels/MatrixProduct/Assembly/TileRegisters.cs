using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels.Assembly;

/// <summary>
/// Intel's tile registers, which a process must ask the system for, because they add 8 KiB to what a thread's state may be.
/// Asked for on Linux only (5.16 and later).
/// </summary>
internal static unsafe partial class TileRegisters
{
    private const long ArchPrctl = 158, RequestPermission = 0x1023, TileData = 18; // x86-64 Linux: ARCH_REQ_XCOMP_PERM of an XSAVE component

    /// <summary>Whether there are some that multiply bf16, and the system, which is asked, permits them. It then does for the life of the process.</summary>
    internal static bool TryPermit() => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 && Exist && Request();

    // CPUID leaf 7: EDX bit 22 is AMX-BF16, bit 24 AMX-TILE.
    private static bool Exist => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0 && (X86Base.CpuId(7, 0).Edx & (1 << 24)) != 0;

    private static bool Request() => SystemCall(ArchPrctl, RequestPermission, TileData) == 0;

    private const int SignalStackLength = 64 * 1024;

    [ThreadStatic]
    private static float* t_signalStack;

    [ThreadStatic]
    private static StackDescription t_before;

    /// <summary>
    /// To be called on a thread before it uses the registers. From then on a signal puts 8 KiB more on the thread's alternate stack, on which
    /// .NET turns a fault into a NullReferenceException; the 12 KiB that it has for that would overflow, and the process end without a word.
    /// </summary>
    internal static void PrepareThread()
    {
        if (t_signalStack == null)
        {
            var memory = NativeBuffer.Allocate(SignalStackLength / sizeof(float));
            var stack = new StackDescription { Start = memory, Length = SignalStackLength };
            StackDescription before;
            _ = SetAlternateStack(&stack, &before); // where it is refused, the thread keeps the one that it has
            t_signalStack = memory;
            t_before = before;
        }
    }

    /// <summary>To be called before a thread of ours ends; a thread of someone else keeps the memory.</summary>
    internal static void ReleaseThread()
    {
        if (t_signalStack != null)
        {
            var before = t_before;
            _ = SetAlternateStack(&before, null);
            NativeBuffer.Free(t_signalStack);
            t_signalStack = null;
        }
    }

    /// <summary>stack_t of signal.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct StackDescription
    {
        internal void* Start;
        internal int Flags;
        internal nuint Length;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long SystemCall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int SetAlternateStack(StackDescription* stack, StackDescription* before);
}

using System.Runtime.InteropServices;

namespace Idiolect.Kernels;

/// <summary>The stack on which the system calls a thread's signal handlers; larger than .NET makes it (Linux).</summary>
internal static unsafe partial class SignalStack
{
    private const int StackLength = 64 * 1024;

    [ThreadStatic]
    private static float* t_signalStack;

    [ThreadStatic]
    private static StackDescription t_before;

    /// <summary>
    /// To be called on a thread before it uses Intel's tile registers. From then on a signal puts 8 KiB more on the thread's alternate stack, on
    /// which .NET turns a fault into a NullReferenceException; the 12 KiB that it has for that would overflow, and the process end without a word.
    /// </summary>
    internal static void Enlarge()
    {
        if (t_signalStack == null)
        {
            var memory = NativeBuffer.Allocate(StackLength / sizeof(float));
            var stack = new StackDescription { Start = memory, Length = StackLength };
            StackDescription before;
            _ = SetAlternateStack(&stack, &before); // where it is refused, the thread keeps the one that it has
            t_signalStack = memory;
            t_before = before;
        }
    }

    /// <summary>To be called before a thread of ours ends; a thread of someone else keeps the memory.</summary>
    internal static void Restore()
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

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int SetAlternateStack(StackDescription* stack, StackDescription* before);
}

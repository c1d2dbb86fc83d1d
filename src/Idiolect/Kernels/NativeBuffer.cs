using System.Runtime.InteropServices;

namespace Idiolect.Kernels;

/// <summary>
/// Native memory for floats, aligned to cache lines. Large buffers lie on huge pages where Linux grants them: a matrix
/// product that walks down the rows of a matrix meets a new page at every row, and on 4 KiB pages it spends more time on
/// translating addresses than on waiting for data.
/// </summary>
internal static unsafe partial class NativeBuffer
{
    private const nuint CacheLine = 64;
    private const nuint HugePage = 2 * 1024 * 1024;

    /// <summary>The floats of a huge page: a buffer that is used all the time should have no fewer.</summary>
    internal const long HugePageFloats = (long)HugePage / sizeof(float);

    private const int AdviseHugePages = 14; // MADV_HUGEPAGE of Linux's asm-generic/mman-common.h, the same on all its processors

    /// <summary>A buffer of <paramref name="count"/> floats, contents undefined; <see cref="Free"/> gives it back.</summary>
    internal static float* Allocate(long count)
    {
        var bytes = checked((nuint)count * sizeof(float));
        if (bytes < HugePage || !OperatingSystem.IsLinux())
        {
            return (float*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        }
        var memory = NativeMemory.AlignedAlloc(bytes, HugePage);
        _ = Advise(memory, bytes / HugePage * HugePage, AdviseHugePages); // advice: where it is refused, small pages serve
        return (float*)memory;
    }

    /// <summary>A buffer of zeros.</summary>
    internal static float* AllocateZeroed(long count)
    {
        var memory = Allocate(count);
        NativeMemory.Clear(memory, (nuint)count * sizeof(float));
        return memory;
    }

    /// <summary>Gives a buffer back; null is none.</summary>
    internal static void Free(float* buffer) => NativeMemory.AlignedFree(buffer);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}

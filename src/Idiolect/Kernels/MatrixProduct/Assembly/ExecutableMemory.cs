using System.Runtime.InteropServices;

namespace Idiolect.Kernels.Assembly;

/// <summary>
/// Pages that hold machine code for the life of the process. They are mapped writable, filled, then sealed as readable and
/// executable: never writable and executable at once.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtectRead = 1, ProtectWrite = 2, ProtectExecute = 4; // PROT_*
    private const int MapPrivate = 2; // MAP_PRIVATE
    private const int WindowsReadWrite = 0x04, WindowsExecuteRead = 0x20; // PAGE_*
    private const int WindowsCommitReserve = 0x3000; // MEM_COMMIT | MEM_RESERVE
    private const int WindowsRelease = 0x8000; // MEM_RELEASE

    private static int MapAnonymous => OperatingSystem.IsMacOS() ? 0x1000 : 0x20;

    /// <summary>Copies code into executable pages; null where the system forbids them.</summary>
    internal static byte* Seal(ReadOnlySpan<byte> code)
    {
        var length = (nuint)code.Length;
        if (OperatingSystem.IsWindows())
        {
            var pages = VirtualAlloc(null, length, WindowsCommitReserve, WindowsReadWrite);
            if (pages == null)
            {
                return null;
            }
            code.CopyTo(new Span<byte>(pages, code.Length));
            if (VirtualProtect(pages, length, WindowsExecuteRead, out _) != 0)
            {
                return (byte*)pages;
            }
            _ = VirtualFree(pages, 0, WindowsRelease);
            return null;
        }
        var mapped = Map(null, length, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (mapped == (void*)-1)
        {
            return null;
        }
        code.CopyTo(new Span<byte>(mapped, code.Length));
        if (Protect(mapped, length, ProtectRead | ProtectExecute) == 0)
        {
            return (byte*)mapped;
        }
        _ = Unmap(mapped, length);
        return null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("kernel32")]
    private static partial void* VirtualAlloc(void* address, nuint size, int type, int protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualProtect(void* address, nuint size, int protection, out int before);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(void* address, nuint size, int type);
}

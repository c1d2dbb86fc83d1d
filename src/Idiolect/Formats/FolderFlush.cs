using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Idiolect.Formats;

/// <summary>
/// Makes the names in a folder survive a power cut. A rename is atomic by itself, but on Unix it is on disk only after
/// an fsync of the folder (man 2 fsync). .NET opens no folders, so the one call that it lacks goes to the C library of
/// the system. On Windows NTFS journals names, and nothing is done.
/// </summary>
internal static partial class FolderFlush
{
    /// <summary>Writes the folder's entries to disk.</summary>
    /// <exception cref="IOException">The folder cannot be opened or written.</exception>
    internal static void ToDisk(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }
        const int readOnly = 0;
        using var handle = new SafeFileHandle(Open(folder, readOnly), ownsHandle: true);
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"cannot open the folder '{folder}': {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
        RandomAccess.FlushToDisk(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}

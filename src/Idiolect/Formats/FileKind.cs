using System.Runtime.InteropServices;

namespace Idiolect.Formats;

/// <summary>
/// Tells files from what only looks like one in a folder: pipes, sockets and devices, which have no end or wait for ever. .NET does not say, so
/// on Linux the C library is asked (man 2 statx, whose layout is the same on every processor); elsewhere all are taken for files.
/// </summary>
internal static partial class FileKind
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint WantsType = 1; // STATX_TYPE
    private const int StructureSize = 256;
    private const int ModeOffset = 28;

    /// <summary>What a path is, if it is no regular file; null where it is one, is not there, or nobody knows.</summary>
    internal static string? DescribeSpecial(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }
        var (name, status) = (Marshal.StringToCoTaskMemUTF8(path), Marshal.AllocHGlobal(StructureSize));
        try
        {
            return Statx(CurrentFolder, name, 0, WantsType, status) != 0 ? null : (Marshal.ReadInt16(status, ModeOffset) & 0xF000) switch
            {
                0x1000 => "a pipe",
                0x2000 or 0x6000 => "a device",
                0xC000 => "a socket",
                _ => null,
            };
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
            Marshal.FreeHGlobal(status);
        }
    }

    /// <summary>What a path is, if no file may take its place: also /dev/stdout and its like, which are links to whatever is open there.</summary>
    internal static string? DescribeIrreplaceable(string path)
        => new FileInfo(path).LinkTarget?.StartsWith("/proc/", StringComparison.Ordinal) == true ? "a device" : DescribeSpecial(path);

    /// <exception cref="InvalidDataException">The path is a pipe, a device or a socket.</exception>
    internal static void RequireRegular(string path)
    {
        if (DescribeSpecial(path) is { } what)
        {
            throw new InvalidDataException($"{path} is {what}, not a file: copy its text into a file, or give - for standard input where that is taken.");
        }
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int folder, nint path, int flags, uint mask, nint status);
}

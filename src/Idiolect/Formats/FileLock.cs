namespace Idiolect.Formats;

/// <summary>Tells a file that another holds open from one that cannot be opened for any other reason.</summary>
internal static class FileLock
{
    // errno of Linux and macOS (EWOULDBLOCK), and the low word of Windows' HRESULT.
    private const int HeldLinux = 11;
    private const int HeldMac = 35;
    private const int SharingViolationWindows = 32;

    /// <summary>Whether somebody else holds the file.</summary>
    /// <param name="exception">What opening it threw.</param>
    internal static bool IsHeld(IOException exception) => (exception.HResult & 0xffff) is HeldLinux or HeldMac or SharingViolationWindows;
}

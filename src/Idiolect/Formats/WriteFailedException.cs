namespace Idiolect.Formats;

/// <summary>A file or folder could not be written; the message is one line that names it and says what to do.</summary>
public sealed class WriteFailedException : IOException
{
    // errno of Linux and macOS, and the low word of Windows' HRESULT.
    private const int NoSpaceUnix = 28;
    private const int NoSpaceWindows = 112;
    private const int QuotaLinux = 122;
    private const int QuotaMac = 69;
    private const int ReadOnlyUnix = 30;

    internal WriteFailedException(string path, Exception cause)
        : base($"Cannot write '{path}': {Explain(cause)}", cause) => Path = path;

    /// <summary>The file or folder that was to be written.</summary>
    public string Path { get; }

    /// <summary>True for what a full disk, a missing permission or a bad path throws, and not yet explained.</summary>
    internal static bool Explains(Exception exception)
        => exception is UnauthorizedAccessException or DirectoryNotFoundException or PathTooLongException
            || exception.GetType() == typeof(IOException);

    private static string Explain(Exception cause) => cause switch
    {
        UnauthorizedAccessException => "permission denied. Choose a folder that you may write to, or change its permissions.",
        PathTooLongException => "the path is too long. Choose a shorter one.",
        DirectoryNotFoundException => "its folder does not exist. Create it, or correct the path.",
        _ => (cause.HResult & 0xffff) switch
        {
            NoSpaceUnix or NoSpaceWindows or QuotaLinux or QuotaMac
                => "the disk (or your quota) is full. Free some space, or choose a folder on another disk.",
            ReadOnlyUnix => "the file system is read-only. Choose a folder on another one.",
            _ => $"{cause.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Check the path and the disk, or choose another folder.",
        },
    };
}

namespace Idiolect.Formats;

/// <summary>A file or folder could not be written; the message is one line that names it and says what to do.</summary>
public sealed class WriteFailedException : IOException
{
    // errno of Linux and macOS, and the low word of Windows' HRESULT.
    internal const int NoSpaceUnix = 28;
    private const int NoSpaceWindows = 112;
    private const int QuotaLinux = 122;
    private const int QuotaMac = 69;
    private const int ReadOnlyUnix = 30;

    /// <summary>Explains what writing a path threw.</summary>
    /// <param name="path">The file or folder that was to be written.</param>
    /// <param name="cause">What was thrown.</param>
    /// <param name="advice">How to have it written elsewhere, in a sentence; null where the path was named by the user.</param>
    public WriteFailedException(string path, Exception cause, string? advice = null)
        : base($"Cannot write '{path}': {Explain(path, cause)}{(advice is null ? "" : " ")}{advice}", cause) => Path = path;

    /// <summary>The file or folder that was to be written.</summary>
    public string Path { get; }

    /// <summary>True for what a full disk, a missing permission or a bad path throws, and not yet explained.</summary>
    /// <param name="exception">What was thrown.</param>
    public static bool Explains(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is UnauthorizedAccessException or DirectoryNotFoundException or PathTooLongException
            || exception.GetType() == typeof(IOException) || IsFileTooLarge(exception);
    }

    /// <summary>EFBIG, which .NET reports as a bad length: past the file system's largest file or past <c>ulimit -f</c>.</summary>
    private static bool IsFileTooLarge(Exception exception)
        => exception is ArgumentOutOfRangeException { ParamName: "value", ActualValue: null };

    private static string Explain(string path, Exception cause) => FileAbove(path) is { } file ? $"{file} is a file, not a folder. Choose another path." : cause switch
    {
        UnauthorizedAccessException => "permission denied. Choose a folder that you may write to, or change its permissions.",
        PathTooLongException => "the path is too long. Choose a shorter one.",
        ArgumentOutOfRangeException
            => "the file would be larger than the system allows. Raise the limit (ulimit -f), or choose another file system.",
        DirectoryNotFoundException => "its folder does not exist. Create it, or correct the path.",
        _ => (cause.HResult & 0xffff) switch
        {
            NoSpaceUnix or NoSpaceWindows or QuotaLinux or QuotaMac
                => "the disk (or your quota) is full. Free some space, or choose a folder on another disk.",
            ReadOnlyUnix => "the file system is read-only. Choose a folder on another one.",
            _ => $"{cause.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Check the path and the disk, or choose another folder.",
        },
    };

    /// <summary>A file that stands where a folder should, in which the path would lie.</summary>
    private static string? FileAbove(string path)
    {
        for (var folder = System.IO.Path.GetDirectoryName(path); folder is { Length: > 0 }; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(folder))
            {
                return folder;
            }
        }
        return null;
    }
}

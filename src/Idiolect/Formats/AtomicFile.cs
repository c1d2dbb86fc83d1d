using System.Text;

namespace Idiolect.Formats;

/// <summary>
/// Writes a file so that a reader, or a process that starts after a crash, sees either the old content or the new one:
/// a partial file in the same folder, flush to disk, rename, flush of the folder.
/// </summary>
public static class AtomicFile
{
    /// <summary>Between making a file and locking it a writer takes less than this.</summary>
    private static readonly TimeSpan TimeToLock = TimeSpan.FromSeconds(1);

    /// <summary>Replaces <paramref name="path"/> with what <paramref name="write"/> writes; creates its folder if need be.</summary>
    /// <exception cref="WriteFailedException">The disk is full, the folder cannot be written, or the path is a pipe or a device; also where
    /// <paramref name="write"/> itself ends with such an <see cref="IOException"/>. Nothing is left behind.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var full = Path.GetFullPath(path);
        var partial = PartialName.For(full);
        var folder = Path.GetDirectoryName(full)!;
        try
        {
            Directory.CreateDirectory(folder);
            if (FileKind.DescribeIrreplaceable(full) is { } what)
            {
                throw new IOException($"it is {what}, not a file"); // the rename would put a file in its place
            }
            RemoveLeftovers(folder, Path.GetFileName(full));
            // Renamed while it is open, and so locked, that no other writer takes it for a leftover. Without reading there is no such lock on NFS.
            using (var stream = new FileStream(partial, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
                File.Move(partial, full, overwrite: true);
            }
            FolderFlush.ToDisk(folder);
        }
        catch (Exception exception)
        {
            TryDelete(partial);
            if (WriteFailedException.Explains(exception))
            {
                throw new WriteFailedException(full, exception);
            }
            throw;
        }
    }

    /// <summary>Replaces <paramref name="path"/> with the bytes.</summary>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        Write(path, stream => stream.Write(content));
    }

    /// <summary>Replaces <paramref name="path"/> with the text, as UTF-8.</summary>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, Encoding.UTF8.GetBytes(text));
    }

    private static void RemoveLeftovers(string folder, string name)
    {
        foreach (var leftover in Directory.EnumerateFiles(folder, ".*").Where(file => PartialName.Matches(file, name)).ToList())
        {
            try
            {
                var file = new FileInfo(leftover);
                if (file.Length > 0 || file.LastWriteTimeUtc < DateTime.UtcNow - TimeToLock)
                {
                    // A living writer has locked the file; then this throws and the file stays.
                    new FileStream(leftover, FileMode.Open, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Rubbish that cannot be removed harms nobody.
            }
        }
    }

    private static void TryDelete(string partial)
    {
        try
        {
            File.Delete(partial);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The reason why writing failed matters more; the next writer removes the file.
        }
    }
}

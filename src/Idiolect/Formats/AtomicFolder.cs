namespace Idiolect.Formats;

/// <summary>
/// Writes a folder so that it exists complete or not at all: a partial folder beside it is filled, every file and folder in
/// it flushed to disk, then it is renamed. A name is written once; there is no atomic replacement of a folder.
/// </summary>
internal static class AtomicFolder
{
    /// <summary>Creates <paramref name="path"/> with what <paramref name="fill"/> puts into the folder whose path it is given.</summary>
    /// <exception cref="WriteFailedException">
    /// It exists already, the disk is full, or the parent cannot be written. Nothing is left behind.
    /// </exception>
    internal static void Write(string path, Action<string> fill)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var partial = PartialName.For(full);
        var parent = Path.GetDirectoryName(full)!;
        try
        {
            Directory.CreateDirectory(parent);
            RemoveLeftovers(parent, Path.GetFileName(full));
            Directory.CreateDirectory(partial);
            fill(partial);
            FlushTree(partial);
            Directory.Move(partial, full);
            FolderFlush.ToDisk(parent);
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

    /// <summary>
    /// Removes a folder: renames it to a partial name first, so that a crash on the way leaves no half of it under its name.
    /// </summary>
    internal static void Delete(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var partial = PartialName.For(full);
        Directory.Move(full, partial);
        TryDelete(partial);
    }

    /// <summary>
    /// Removes what crashed writers left in <paramref name="parent"/>, of the folder <paramref name="name"/> or of any. The
    /// caller must be the only writer of that name (or, for null, of the parent).
    /// </summary>
    internal static void RemoveLeftovers(string parent, string? name = null)
    {
        foreach (var leftover in Directory.EnumerateDirectories(parent, ".*").Where(path => PartialName.Matches(path, name)).ToList())
        {
            TryDelete(leftover);
        }
    }

    private static void FlushTree(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            RandomAccess.FlushToDisk(handle);
        }
        foreach (var inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
        {
            FolderFlush.ToDisk(inner);
        }
        FolderFlush.ToDisk(folder);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has a partial name: nobody reads it, and the next writer tries again.
        }
    }
}

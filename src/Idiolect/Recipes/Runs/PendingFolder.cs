using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>The folder of a run that may yet fail to begin. Unless it is kept, all that was made in it and for it goes again.</summary>
internal sealed class PendingFolder : IDisposable
{
    private readonly string folder;
    private readonly HashSet<string> before;
    private readonly List<string> made = []; // this folder and those above it that did not exist, the deepest first
    private bool kept;

    /// <exception cref="IOException">The folder cannot be made.</exception>
    internal PendingFolder(string path)
    {
        folder = Path.GetFullPath(path);
        for (var above = folder; above is not null && !Directory.Exists(above); above = Path.GetDirectoryName(above))
        {
            made.Add(above);
        }
        before = Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder)] : [];
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new IOException($"cannot make the folder {path} ({exception.Message.TrimEnd('.')}); choose another", exception);
        }
    }

    internal void Keep() => kept = true;

    public void Dispose()
    {
        if (kept)
        {
            return;
        }
        try
        {
            if (Directory.Exists(folder))
            {
                RunLock.Acquire(folder).Dispose(); // throws where another process trains by now: then nothing in it is ours to delete
            }
            foreach (var entry in Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Except(before) : [])
            {
                if (Directory.Exists(entry))
                {
                    Directory.Delete(entry, recursive: true);
                }
                else
                {
                    File.Delete(entry);
                }
            }
            foreach (var empty in made.Where(Directory.Exists).TakeWhile(above => !Directory.EnumerateFileSystemEntries(above).Any()))
            {
                Directory.Delete(empty);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Why the run did not begin matters more than what could not be removed.
        }
    }
}

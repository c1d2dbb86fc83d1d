using Idiolect.Formats;

namespace Idiolect.Training;

/// <summary>
/// Keeps a second process from training the same run. The lock is the operating system's on the open file <c>.lock</c>: it
/// ends with the process, however that ends.
/// </summary>
public sealed class RunLock : IDisposable
{
    internal const string FileName = ".lock";

    // Who only asks whether a run is held (IsHeld) holds it for an instant.
    private const int Tries = 5;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(20);

    private readonly FileStream _stream;

    private RunLock(FileStream stream) => _stream = stream;

    /// <summary>Makes the folder of a new run, if need be, and locks it.</summary>
    /// <exception cref="IOException">The folder cannot be made, or another process holds it.</exception>
    public static RunLock Create(string runFolder)
    {
        try
        {
            Directory.CreateDirectory(runFolder);
        }
        catch (Exception exception) when (WriteFailedException.Explains(exception))
        {
            throw new WriteFailedException(runFolder, exception);
        }
        return Acquire(runFolder);
    }

    /// <summary>Locks a run folder, which must exist.</summary>
    /// <exception cref="IOException">Another process holds it, or the folder cannot be written.</exception>
    public static RunLock Acquire(string runFolder)
    {
        var path = Path.Combine(runFolder, FileName);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException exception) when (FileLock.IsHeld(exception))
            {
                if (attempt == Tries)
                {
                    throw new IOException($"The run '{runFolder}' is in use by another process. Wait until it ends, or stop it.", exception);
                }
                Thread.Sleep(BetweenTries);
            }
            catch (Exception exception) when (WriteFailedException.Explains(exception))
            {
                throw new WriteFailedException(path, exception);
            }
        }
    }

    /// <summary>Whether somebody works in a run folder right now: a process, this one included.</summary>
    /// <param name="runFolder">The folder.</param>
    public static bool IsHeld(string runFolder)
    {
        try
        {
            new FileStream(Path.Combine(runFolder, FileName), FileMode.Open, FileAccess.Read, FileShare.Read).Dispose();
            return false;
        }
        catch (IOException exception)
        {
            return FileLock.IsHeld(exception); // not where there is no lock at all
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Gives the run free.</summary>
    public void Dispose() => _stream.Dispose();
}

using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// Lets one process at a time make what another would make, too. The lock is the operating system's on an open file: it ends with the process, however
/// that ends.
/// </summary>
internal sealed class CacheLock : IDisposable
{
    internal const string FileName = ".lock";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly FileStream _stream;

    private CacheLock(FileStream stream) => _stream = stream;

    /// <summary>Locks a folder that exists; null where another process holds it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static CacheLock? TryAcquire(string folder)
    {
        try
        {
            return new CacheLock(new FileStream(Path.Join(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException exception) when (FileLock.IsHeld(exception))
        {
            return null;
        }
        catch (Exception exception) when (WriteFailedException.Explains(exception) && Directory.Exists(folder))
        {
            throw new WriteFailedException(Path.Join(folder, FileName), exception, TokenCache.Advice);
        }
    }

    /// <summary>Locks a folder, made if need be, once no other process does.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="waiting">Told once, when there is another process to wait for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static CacheLock Acquire(string folder, Action waiting, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                Directory.CreateDirectory(folder);
                if (TryAcquire(folder) is { } held)
                {
                    return held;
                }
            }
            catch (DirectoryNotFoundException) when (Directory.Exists(Path.GetDirectoryName(folder)))
            {
                continue; // somebody has removed it in between
            }
            catch (Exception exception) when (WriteFailedException.Explains(exception))
            {
                throw new WriteFailedException(folder, exception, TokenCache.Advice);
            }
            if (isFirst)
            {
                waiting();
            }
            cancellationToken.WaitHandle.WaitOne(Interval);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => _stream.Dispose();
}

namespace Idiolect.Cli;

/// <summary>Waits for work that may not hear at once that it shall end: reading a large file, opening a large model.</summary>
internal static class Patience
{
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(700);

    /// <summary>Waits for the work; once cancelled, only for a moment more where nothing is lost by leaving it.</summary>
    /// <param name="work">The work.</param>
    /// <param name="isIdle">Whether leaving loses nothing now: there is nothing to save.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The work was left; its thread ends with the process.</exception>
    internal static async Task<T> WaitAsync<T>(Task<T> work, Func<bool> isIdle, CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(cancelled.SetResult).ConfigureAwait(false);
        if (await Task.WhenAny(work, cancelled.Task).ConfigureAwait(false) != work)
        {
            await Task.WhenAny(work, Task.Delay(Grace, CancellationToken.None)).ConfigureAwait(false);
            if (!work.IsCompleted && isIdle())
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
        return await work.ConfigureAwait(false);
    }
}

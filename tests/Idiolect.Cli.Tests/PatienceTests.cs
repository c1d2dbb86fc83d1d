namespace Idiolect.Cli.Tests;

/// <summary>Work that does not hear that it shall end.</summary>
public sealed class PatienceTests
{
    [Fact]
    public async Task Deaf_work_is_left_where_nothing_is_lost()
    {
        using var source = new CancellationTokenSource();
        var deaf = new TaskCompletionSource<int>();
        var wait = Patience.WaitAsync(deaf.Task, () => true, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Work_that_has_something_to_save_is_waited_for()
    {
        using var source = new CancellationTokenSource();
        var slow = new TaskCompletionSource<int>();
        var wait = Patience.WaitAsync(slow.Task, () => false, source.Token);
        await source.CancelAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.False(wait.IsCompleted);
        slow.SetResult(7);
        Assert.Equal(7, await wait);
    }

    [Fact]
    public async Task Work_that_fails_fails()
        => await Assert.ThrowsAsync<IOException>(() => Patience.WaitAsync(Task.FromException<int>(new IOException()), () => true, CancellationToken.None));
}

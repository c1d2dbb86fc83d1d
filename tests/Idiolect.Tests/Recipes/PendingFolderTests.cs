using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Tests.Recipes;

public sealed class PendingFolderTests
{
    [Fact]
    public void A_run_that_could_not_begin_takes_nothing_of_another_process_with_it()
    {
        using var folder = new TemporaryFolder();
        var run = folder["run"];
        using (new PendingFolder(run))
        {
            File.WriteAllText(Path.Combine(run, "setup.json"), "{}");
        }
        Assert.False(Directory.Exists(run));

        var pending = new PendingFolder(run);
        using var other = RunLock.Acquire(run);
        File.WriteAllText(Path.Combine(run, "setup.json"), "{}");
        pending.Dispose();
        Assert.True(File.Exists(Path.Combine(run, "setup.json")));
    }
}

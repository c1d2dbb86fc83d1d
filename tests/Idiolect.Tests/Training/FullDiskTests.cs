using System.Globalization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A child process that trains on a disk which is truly full: a small tmpfs in a mount namespace of its own.</summary>
[Trait("Lane", "Full")]
public sealed class FullDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FullDiskTests()
    {
        Directory.CreateDirectory(_folder["disk"]);
        Directory.CreateDirectory(_folder["after"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_disk_without_room_for_a_checkpoint_is_one_line_and_leaves_no_folder()
    {
        var error = TrainOnDisk(kilobytes: 100);
        Assert.Matches(@"\ACannot write '[^\n]*': the disk \(or your quota\) is full\. Free some space[^\n]*\n\z", error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["after"]));
    }

    [Fact]
    public void A_disk_that_fills_up_during_a_save_leaves_the_earlier_checkpoints()
    {
        var error = TrainOnDisk(kilobytes: 600);
        Assert.Contains("is full. Free some space", error, StringComparison.Ordinal);
        var run = Path.Combine(_folder["after"], "run");
        var store = new CheckpointStore(run);
        Assert.NotNull(store.FindNewestIntact(out var damaged));
        Assert.Empty(damaged);
        Assert.Empty(Directory.EnumerateFileSystemEntries(run, ".*.partial", SearchOption.AllDirectories));
    }

    /// <summary>Trains until the disk is full, copies what is on it then, and gives the error stream.</summary>
    private string TrainOnDisk(int kilobytes)
    {
        Assert.SkipUnless(CanMount(), "needs Linux and the right to mount a tmpfs (unshare -rm)");
        var script = string.Create(
            CultureInfo.InvariantCulture,
            $"mount -t tmpfs -o size={kilobytes}k disk \"$1\" && shift && {{ dotnet \"$@\"; code=$?; cp -a \"$0/disk/.\" \"$0/after\"; exit $code; }}");
        using var child = TrainingProcess.Start(
            ["unshare", "-rm", "sh", "-c", script, _folder.Path, _folder["disk"], .. TrainingProcess.Arguments(Path.Combine(_folder["disk"], "run"))]);
        child.StandardOutput.ReadToEnd();
        var error = child.StandardError.ReadToEnd();
        child.WaitForExit();
        Assert.Equal(1, child.ExitCode);
        return error;
    }

    private bool CanMount()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/unshare"))
        {
            return false;
        }
        using var probe = TrainingProcess.Start("unshare", "-rm", "mount", "-t", "tmpfs", "disk", _folder["disk"]);
        probe.WaitForExit();
        return probe.ExitCode == 0;
    }
}

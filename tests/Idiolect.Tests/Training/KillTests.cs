using System.Globalization;
using Idiolect.Tests.Formats;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>
/// Real processes, killed (SIGKILL) at random moments, which are mostly moments of a save. tests/kill-and-resume.sh asks for more
/// kills by the variable IDIOLECT_KILLS.
/// </summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killed_runs_lose_no_checkpoint_and_end_with_the_bytes_of_an_undisturbed_one()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable("IDIOLECT_KILLS") ?? "5", CultureInfo.InvariantCulture);
        var random = new Random(20261124);
        using var undisturbed = new TinyRun();
        undisturbed.Train(TraineeProcess.Options);
        var (kills, duringSave, runs, resumes) = (0, 0, 0, 0);
        while (kills < wanted)
        {
            var run = _folder[$"run{runs++}"];
            var saved = -1L; // the newest checkpoint that a child has called safe
            var ended = false;
            while (!ended)
            {
                using var child = TraineeProcess.Start(run);
                if (kills < wanted)
                {
                    // From the middle of the start, which takes about 200 ms, to some saves later.
                    ended = child.WaitForExit(random.Next(120, 700));
                    if (!ended)
                    {
                        child.Kill();
                        kills++;
                    }
                }
                var lines = child.StandardOutput.ReadToEnd();
                child.WaitForExit();
                ended |= child.ExitCode == 0;
                Assert.True(ended || child.ExitCode == 137, $"exit code {child.ExitCode}: {child.StandardError.ReadToEnd()}");
                Assert.DoesNotContain("damaged", lines, StringComparison.Ordinal);
                // The last line may be cut by the kill.
                saved = lines.Split('\n')[..^1].Select(line => long.Parse(line.AsSpan("saved ".Length), CultureInfo.InvariantCulture))
                    .Append(saved).Max();
                var newest = new CheckpointStore(run).FindNewestIntact(out var damaged);
                Assert.Empty(damaged);
                Assert.True((newest?.Step ?? -1) >= saved, $"kill {kills}: step {saved} was safe, {newest?.Step} is there");
                var checkpoints = Path.Combine(run, "checkpoints");
                duringSave += !ended && Directory.Exists(checkpoints) && Directory.EnumerateFileSystemEntries(run, ".*.partial", SearchOption.AllDirectories).Any() ? 1 : 0;
                resumes += newest is null ? 0 : 1;
            }
            Assert.Equal(undisturbed.Bytes(), TinyRun.BytesOf(run));
        }
        output.WriteLine($"{kills} kills ({duringSave} of them in the middle of a save) in {runs} runs: no checkpoint lost, all ends byte-identical");
    }

    [Fact]
    public void A_disk_that_is_full_from_the_start_is_one_line_and_leaves_no_folder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs ulimit");
        var (exitCode, error) = RunLimited(kilobytes: 8);
        Assert.Equal(1, exitCode);
        Assert.StartsWith("Cannot write '", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(character => character == '\n'));
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Fact]
    public void A_disk_that_fills_up_during_a_save_leaves_the_earlier_checkpoint()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs ulimit");
        using (var child = TraineeProcess.Start(_folder["run"]))
        {
            while (child.StandardOutput.ReadLine() is { } line && line != "saved 3")
            {
            }
            child.Kill();
            child.WaitForExit();
        }
        var before = new CheckpointStore(_folder["run"]).FindNewestIntact(out _)!;
        var (exitCode, error) = RunLimited(kilobytes: 20); // room for the log of metrics, not for weights
        Assert.Equal(1, exitCode);
        Assert.StartsWith("Cannot write '", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(character => character == '\n'));
        Assert.Equal(before, new CheckpointStore(_folder["run"]).FindNewestIntact(out var damaged));
        Assert.Empty(damaged);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["run"], ".*.partial", SearchOption.AllDirectories));
    }

    /// <summary>A child that can write no larger file: EFBIG at the same place where a full disk gives ENOSPC.</summary>
    private (int ExitCode, string Error) RunLimited(int kilobytes)
    {
        // W^X maps the runtime's code through a file, which the limit would forbid.
        using var child = TraineeProcess.Start(
            _folder["run"], $"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f {kilobytes * 2}");
        child.StandardOutput.ReadToEnd();
        var error = child.StandardError.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, error);
    }
}

using System.Globalization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>
/// Real processes, killed (SIGKILL) at random moments, which are mostly moments of a save. tests/kill-and-resume.sh asks for more
/// kills by the variable IDIOLECT_KILLS.
/// </summary>
[Trait("Lane", "Full")]
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killed_runs_lose_no_checkpoint_and_end_with_the_bytes_of_an_undisturbed_one()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable("IDIOLECT_KILLS") ?? "5", CultureInfo.InvariantCulture);
        var random = new Random(20261124);
        using var undisturbed = new TinyRun();
        undisturbed.Train(TrainingProcess.Options);
        var (kills, duringSave, runs) = (0, 0, 0);
        while (kills < wanted)
        {
            var run = _folder[$"run{runs++}"];
            var saved = -1L; // the newest checkpoint that a child has called safe
            var ended = false;
            while (!ended)
            {
                using var child = TrainingProcess.Start(run);
                var lines = "";
                if (kills < wanted)
                {
                    // One in four while it starts, the others within a few saves: a step takes 1 ms, a save some 10 ms.
                    if (random.Next(4) == 0)
                    {
                        child.WaitForExit(random.Next(100, 400));
                    }
                    else
                    {
                        lines = child.StandardOutput.ReadLine() + "\n";
                        Thread.Sleep(random.Next(60));
                    }
                    ended = child.HasExited;
                    if (!ended)
                    {
                        child.Kill();
                        kills++;
                    }
                }
                lines += child.StandardOutput.ReadToEnd();
                child.WaitForExit();
                ended |= child.ExitCode == 0;
                Assert.True(ended || child.ExitCode == 137, $"exit code {child.ExitCode}: {child.StandardError.ReadToEnd()}");
                Assert.DoesNotContain("damaged", lines, StringComparison.Ordinal);
                // The last line may be cut by the kill.
                saved = lines.Split('\n')[..^1].Where(line => line.Length > 0).Select(line => long.Parse(line.AsSpan("saved ".Length), CultureInfo.InvariantCulture))
                    .Append(saved).Max();
                var newest = new CheckpointStore(run).FindNewestIntact(out var damaged);
                Assert.Empty(damaged);
                Assert.True((newest?.Step ?? -1) >= saved, $"kill {kills}: step {saved} was safe, {newest?.Step} is there");
                duringSave += !ended && Directory.Exists(run)
                    && Directory.EnumerateFileSystemEntries(run, ".*.partial", SearchOption.AllDirectories).Any() ? 1 : 0;
            }
            Assert.Equal(undisturbed.Bytes(), TinyRun.BytesOf(run));
        }
        output.WriteLine($"{kills} kills ({duringSave} of them in the middle of a save) in {runs} runs: no checkpoint lost, all ends byte-identical");
    }
}

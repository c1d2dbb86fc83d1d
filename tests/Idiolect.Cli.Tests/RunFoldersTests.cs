using Idiolect.Cli.Runs;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

public sealed class RunFoldersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("latest")]
    public void Without_a_run_the_error_says_how_to_start_one(string? run)
    {
        var exception = Assert.Throws<DirectoryNotFoundException>(() => folder.Runs.Find(run));

        Assert.Equal("no run yet: start one with `idiolect train`", exception.Message);
    }

    [Fact]
    public void The_latest_run_is_the_last_one_made()
    {
        folder.Runs.Create("one", null);
        var two = folder.Runs.Create("two", null);

        Assert.Equal(two, folder.Runs.Find(null));
        Assert.Equal(two, folder.Runs.Find("latest"));
    }

    [Fact]
    public void A_run_elsewhere_needs_no_folder_for_its_short_name()
    {
        File.WriteAllText(folder.Combine("runs"), "a file in the way");
        folder.Runs.Remember(folder.Combine("elsewhere"));

        Assert.Throws<IOException>(() => folder.Runs.Remember(folder.Combine("runs/here")));
    }

    [Fact]
    public void The_latest_run_is_found_after_the_folder_moved()
    {
        folder.Runs.Create("one", null);
        Directory.Move(folder.Combine("runs"), folder.Combine("moved"));

        Assert.Equal(folder.Combine("moved/one"), new NamedRuns(folder.Combine("moved")).Find(null));
    }

    [Fact]
    public void A_run_elsewhere_can_be_the_latest()
    {
        var elsewhere = folder.Runs.Create(null, folder.Combine("elsewhere"));

        Assert.Equal(elsewhere, folder.Runs.Find(null));
    }

    [Fact]
    public void A_run_is_found_by_name_and_by_path()
    {
        var one = folder.Runs.Create("one", null);

        Assert.Equal(one, folder.Runs.Find("one"));
        Assert.Equal(one, folder.Runs.Find(one));
    }

    [Fact]
    public void An_unknown_name_gets_the_known_ones()
    {
        folder.Runs.Create("quiet-harbor", null);

        var exception = Assert.Throws<DirectoryNotFoundException>(() => folder.Runs.Find("quite-harbor"));

        Assert.Equal("no run quite-harbor; did you mean quiet-harbor? (there are: quiet-harbor)", exception.Message);
    }

    [Fact]
    public void A_deleted_latest_run_is_named()
    {
        Directory.Delete(folder.Runs.Create("one", null));

        Assert.Contains("one, is gone", Assert.Throws<DirectoryNotFoundException>(() => folder.Runs.Find(null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_run_is_not_overwritten()
    {
        using (var log = MetricsLog.Open(Path.Combine(folder.Runs.Create("one", null), MetricsLog.FileName), 0))
        {
            log.Append(Events.Step(1, 3));
        }

        var exception = Assert.Throws<IOException>(() => folder.Runs.Create("one", null));

        Assert.Contains("holds a run already: continue it with `idiolect train --resume", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_no_place_for_a_run()
    {
        File.WriteAllText(folder.Combine("file"), "");

        Assert.Contains("is a file; choose another --out", Assert.Throws<IOException>(() => folder.Runs.Create(null, folder.Combine("file"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Made_up_names_differ()
    {
        var names = Enumerable.Range(0, 200).Select(_ => folder.Runs.Create(null, null)).ToArray();

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[a-z]+-[a-z]+(-[0-9]+)?$", Path.GetFileName(name)));
    }

    [Fact]
    public void Atomic_writing_leaves_no_other_file()
    {
        folder.Runs.Create("one", null);
        folder.Runs.Create("two", null);

        Assert.Equal(["latest"], Directory.GetFiles(folder.Combine("runs")).Select(Path.GetFileName));
    }
}

namespace Idiolect.Cli.Tests;

/// <summary>What cannot be trained: one line that says what to do, exit code 1, and no run left behind.</summary>
[Trait("Lane", "Full")]
public sealed class RefusalTests : IDisposable
{
    private const string Shape = "--layers 1 --heads 2 --context 16 --batch 4 --steps 5 --threads 1";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("--data missing.txt", "There is no file or folder missing.txt: check the path")]
    [InlineData("--data empty.txt", "empty.txt is empty: give a file")]
    [InlineData("--data short.txt", "fewer than one context of 16 and the token after it: give more text or a smaller context length")]
    [InlineData("--data latin1.txt", "latin1.txt is not valid UTF-8 at byte offset 4: save it as UTF-8")]
    [InlineData("--data text.txt --tokenizer missing.json", "'missing.json' does not exist: name a tokenizer's file or folder")]
    [InlineData("--data text.txt --lr 0", "--lr is 0; it must be a number above 0 and at most 10")]
    [InlineData("--data text.txt --out text.txt", "text.txt is a file; choose another --out")]
    [InlineData("--data text.txt --out /proc/run", "cannot make the folder /proc/run")]
    [InlineData("--data text.txt --out text.txt/run", "cannot make the folder text.txt/run")]
    public async Task Bad_input_is_one_line_and_leaves_no_run(string flags, string message)
    {
        WriteFiles();
        var before = Everything();

        var result = await Cli.RunProcessAsync(folder.Path, Cli.Executable, $"train {Shape} {flags}".Split(' '));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Equal(before, Everything());
    }

    [Theory]
    [InlineData("--name run")]
    [InlineData("--out deep/er/run")]
    public async Task A_disk_that_takes_no_checkpoint_leaves_no_run(string place)
    {
        Assert.SkipUnless(await CanMountAsync(), "needs the right to mount a small disk");
        WriteFiles();
        Directory.CreateDirectory(folder.Combine("disk"));
        var before = Everything();

        // The disk exists only in the process's own name space; the last command lists what is left on it.
        var result = await Cli.RunProcessAsync(
            folder.Path, "unshare", "-rm", "bash", "-c",
            $"mount -t tmpfs -o size=100k none disk && cd disk && '{Cli.Executable}' train {Shape} --data ../text.txt {place}; code=$?; ls -A; exit $code");

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: Cannot write '", result.Error, StringComparison.Ordinal);
        Assert.Contains("the disk (or your quota) is full. Free some space", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.DoesNotMatch(@"(?m)^(runs|run|deep)$", result.Out);
        Assert.Equal(before, Everything());
    }

    [Fact]
    public async Task A_run_on_a_read_only_disk_is_not_called_in_use()
    {
        Assert.SkipUnless(await CanMountAsync(), "needs the right to mount a small disk");
        WriteFiles();
        Directory.CreateDirectory(folder.Combine("disk"));

        var result = await Cli.RunProcessAsync(
            folder.Path, "unshare", "-rm", "bash", "-c",
            $"mount -t tmpfs none disk && '{Cli.Executable}' train {Shape} --data text.txt --out disk/run && mount -o remount,ro disk && "
            + $"'{Cli.Executable}' train --resume disk/run --steps 9");

        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith(".lock': the file system is read-only. Choose a folder on another one.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_lay_in_the_folder_before_stays()
    {
        WriteFiles();
        Directory.CreateDirectory(folder.Combine("mine"));
        File.WriteAllText(folder.Combine("mine/notes.txt"), "mine");
        Directory.CreateDirectory(folder.Combine("mine/checkpoints/step-00000001"));
        var before = Everything();

        var result = await Cli.RunProcessAsync(folder.Path, Cli.Executable, $"train {Shape} --data text.txt --out mine".Split(' '));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("holds a run already", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, Everything());
    }

    private async Task<bool> CanMountAsync() => OperatingSystem.IsLinux() && File.Exists("/usr/bin/unshare")
        && (await Cli.RunProcessAsync(folder.Path, "unshare", "-rm", "mount", "-t", "tmpfs", "none", folder.Path)).ExitCode == 0;

    private void WriteFiles()
    {
        TinyText.Write(folder.Combine("text.txt"));
        File.WriteAllText(folder.Combine("empty.txt"), "");
        File.WriteAllText(folder.Combine("short.txt"), "hello");
        File.WriteAllBytes(folder.Combine("latin1.txt"), [.. "caf\u0065"u8, 0xE9, .. " au lait"u8]);
    }

    private string[] Everything() => [.. Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}

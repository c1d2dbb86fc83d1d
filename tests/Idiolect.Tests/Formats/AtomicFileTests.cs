using Idiolect.Formats;

namespace Idiolect.Tests.Formats;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_write_replaces_the_old_content_and_leaves_only_the_file()
    {
        AtomicFile.Write(_temp["a.txt"], "old"u8.ToArray());
        AtomicFile.Write(_temp["a.txt"], "new"u8.ToArray());
        Assert.Equal("new", File.ReadAllText(_temp["a.txt"]));
        Assert.Equal(["a.txt"], _temp.Names);
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_content_and_nothing_else()
    {
        AtomicFile.Write(_temp["a.txt"], "old"u8.ToArray());
        Assert.Throws<ArithmeticException>(() => AtomicFile.Write(_temp["a.txt"], stream =>
        {
            stream.Write("ne"u8);
            throw new ArithmeticException();
        }));
        Assert.Equal("old", File.ReadAllText(_temp["a.txt"]));
        Assert.Equal(["a.txt"], _temp.Names);
    }

    [Fact]
    public void What_a_crashed_writer_left_is_removed_by_the_next_one_and_other_files_are_not()
    {
        File.WriteAllText(_temp[".a.txt.0123abcd.partial"], "half");
        string[] others = [".b.txt.0123abcd.partial", ".a.txt.partial", ".a.txt.0123abcz.partial"];
        foreach (var name in others)
        {
            File.WriteAllText(_temp[name], "other");
        }
        AtomicFile.Write(_temp["a.txt"], Array.Empty<byte>());
        string[] expected = [.. others, "a.txt"];
        Assert.Equal(expected.Order(), _temp.Names);
    }

    [Fact]
    public void The_partial_file_of_a_living_writer_is_left_alone()
        => AtomicFile.Write(_temp["a.txt"], outer =>
        {
            AtomicFile.Write(_temp["a.txt"], "inner"u8.ToArray());
            outer.Write("outer"u8);
            Assert.Equal(2, _temp.Names.Length);
        });

    [Theory]
    [InlineData("/dev/null", "a device")]
    [InlineData("/proc/self/fd/1", "a device")]
    [InlineData("pipe", "a pipe")]
    public void A_device_or_a_pipe_is_never_replaced(string target, string what)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks Linux");
        var path = _temp["a.txt"];
        if (what == "a pipe")
        {
            using var process = System.Diagnostics.Process.Start("mkfifo", path);
            process.WaitForExit();
        }
        else
        {
            File.CreateSymbolicLink(path, target); // as /dev/stdout is
        }

        var error = Assert.Throws<WriteFailedException>(() => AtomicFile.Write(path, "text"u8.ToArray()));

        Assert.StartsWith($"Cannot write '{path}': it is {what}, not a file.", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a.txt"], _temp.Names);
        Assert.Equal(what == "a pipe" ? null : target, new FileInfo(path).LinkTarget);
    }

    [Fact]
    public void Writers_of_one_file_do_not_disturb_each_other()
    {
        Parallel.For(0, 4, writer =>
        {
            for (var i = 0; i < 200; i++)
            {
                AtomicFile.Write(_temp["a.txt"], $"of {writer}");
            }
        });
        Assert.StartsWith("of ", File.ReadAllText(_temp["a.txt"]), StringComparison.Ordinal);
        Assert.Equal(["a.txt"], _temp.Names);
    }

    [Fact]
    public void What_is_not_there_cannot_be_written_and_costs_nothing()
    {
        AtomicFile.Write(_temp["a.txt"], "old");
        Assert.Throws<ArgumentNullException>("content", () => AtomicFile.Write(_temp["a.txt"], (byte[])null!));
        Assert.Throws<ArgumentNullException>("text", () => AtomicFile.Write(_temp["a.txt"], (string)null!));
        Assert.Throws<ArgumentNullException>("write", () => AtomicFile.Write(_temp["a.txt"], (Action<Stream>)null!));
        Assert.Equal("old", File.ReadAllText(_temp["a.txt"]));
    }

    [Fact]
    public void A_full_disk_is_named_as_such_in_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        var failure = Assert.Throws<WriteFailedException>(() => AtomicFile.Write(_temp["a.txt"], _ =>
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write("x"u8);
        }));
        Assert.Equal(
            $"Cannot write '{_temp["a.txt"]}': the disk (or your quota) is full. Free some space, or choose a folder on another disk.",
            failure.Message);
        Assert.Empty(_temp.Names);
    }

    [Fact]
    public void A_missing_permission_is_named_as_such_in_one_line()
    {
        var failure = Assert.Throws<WriteFailedException>(
            () => AtomicFile.Write(_temp["a.txt"], _ => throw new UnauthorizedAccessException("no")));
        Assert.Contains("permission denied", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_gives_an_error_that_names_the_file()
    {
        File.WriteAllText(_temp["file"], "");
        var path = Path.Combine(_temp["file"], "a.txt");
        Assert.Equal(path, Assert.Throws<WriteFailedException>(() => AtomicFile.Write(path, [])).Path);
        Assert.Equal(["file"], _temp.Names);
    }

    [Fact]
    public void Flushing_a_missing_folder_fails()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "nothing is flushed on Windows");
        Assert.Throws<IOException>(() => FolderFlush.ToDisk(_temp["none"]));
    }

    [Fact]
    public void A_folder_appears_complete_and_alone()
    {
        AtomicFolder.Write(_temp["model"], partial =>
        {
            Directory.CreateDirectory(Path.Combine(partial, "inner"));
            File.WriteAllText(Path.Combine(partial, "inner", "x"), "1");
            Assert.False(Directory.Exists(_temp["model"]));
        });
        Assert.Equal("1", File.ReadAllText(Path.Combine(_temp["model"], "inner", "x")));
        Assert.Equal(["model"], _temp.Names);
    }

    [Fact]
    public void A_folder_whose_filling_fails_does_not_appear()
    {
        Assert.Throws<WriteFailedException>(() => AtomicFolder.Write(_temp["model"], partial =>
        {
            File.WriteAllText(Path.Combine(partial, "x"), "1");
            throw new IOException("no space", 28);
        }));
        Assert.Empty(_temp.Names);
    }

    [Fact]
    public void A_folder_is_never_overwritten()
    {
        AtomicFolder.Write(_temp["model"], partial => File.WriteAllText(Path.Combine(partial, "x"), "1"));
        Assert.Throws<WriteFailedException>(() => AtomicFolder.Write(_temp["model"], _ => { }));
        Assert.Equal("1", File.ReadAllText(Path.Combine(_temp["model"], "x")));
    }

    [Fact]
    public void What_a_crashed_writer_left_of_a_folder_is_removed_by_the_next_one()
    {
        Directory.CreateDirectory(_temp[".model.0123abcd.partial"]);
        Directory.CreateDirectory(_temp[".other.0123abcd.partial"]);
        AtomicFolder.Write(_temp["model"], _ => { });
        Assert.Equal([".other.0123abcd.partial", "model"], _temp.Names);
    }
}

namespace Idiolect.Cli.Tests;

/// <summary>What only a process of its own shows: streams, signals and the environment.</summary>
[Trait("Lane", "Full")]
public sealed class ProcessTests
{
    [Theory]
    [InlineData("--version", 0)]
    [InlineData("train --lyers 3", 2)]
    [InlineData("train --layers -1", 2)]
    [InlineData("train --width 100 --heads 3", 1)]
    public async Task Exit_codes_reach_the_shell(string line, int expected) =>
        Assert.Equal(expected, (await Cli.RunProcessAsync(AppContext.BaseDirectory, Cli.Executable, line.Split(' '))).ExitCode);

    [Fact]
    public async Task A_reader_that_has_gone_is_no_error() => await InShellAsync("{0} train --help | head -n 1; exit ${{PIPESTATUS[0]}}", 0, "");

    [Fact]
    public async Task Closed_output_is_an_error_in_words() => await InShellAsync("{0} --help >&-", 1, "error: cannot write to standard output: ");

    [Fact]
    public async Task A_full_disk_is_an_error_in_words() =>
        await InShellAsync("{0} --help > /dev/full", 1, "error: cannot write to standard output: No space left on device");

    [Fact]
    public async Task Closed_standard_error_keeps_the_exit_code() => await InShellAsync("{0} info /no/such/run 2>&-", 1, "");

    [Fact]
    public async Task Redirected_output_goes_behind_what_the_file_holds()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Combine("out");

        await InShellAsync($"(echo before; {{0}} --version; echo after) > {file}", 0, "");

        Assert.Matches(@"^before\nidiolect \S+\nafter\n$", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_larger_than_ulimit_allows_is_an_error_in_words()
    {
        using var folder = new TemporaryFolder();
        var text = folder.Combine("text");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("a line of text\n", 2000)), TestContext.Current.CancellationToken);
        var run = folder.Combine("run");

        // Write-xor-execute maps memory by way of a large file: with it the runtime itself would not start under the limit.
        await InShellAsync(
            $"ulimit -f 60; export DOTNET_EnableWriteXorExecute=0; {{0}} train --data {text} --tokenizer byte --layers 1 --width 32 --heads 2 "
            + $"--context 16 --steps 2 --threads 1 --out {run}",
            1, $"error: Cannot write '{run}");

        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public async Task A_training_whose_reader_has_gone_is_saved_and_says_how_to_go_on()
    {
        using var folder = new TemporaryFolder();
        var text = folder.Combine("text");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("a line of text\n", 2000)), TestContext.Current.CancellationToken);
        var run = folder.Combine("run");

        await InShellAsync(
            $"{{0}} train --data {text} --tokenizer byte --layers 1 --width 32 --heads 2 --context 16 --steps 3000 --eval-every 5 --eval-batches 1 "
            + $"--checkpoint-every 3000 --threads 1 --out {run} | grep -m 1 'step 5'; exit ${{{{PIPESTATUS[0]}}}}",
            1, "error: nobody reads standard output any more; saved after step ");

        var last = Directory.GetDirectories(Path.Combine(run, "checkpoints")).Max(StringComparer.Ordinal)!;
        Assert.False(last.EndsWith("-00000000", StringComparison.Ordinal) || last.EndsWith("-00003000", StringComparison.Ordinal), last);
    }

    [Theory]
    [InlineData("train --layers 1 --width 32 --heads 2 --context 16 --threads 1")]
    [InlineData("train --model ngram --threads 1 --json")]
    public async Task A_training_whose_reader_has_gone_before_the_first_step_says_that_nothing_was_saved(string line)
    {
        using var folder = new TemporaryFolder();
        var text = folder.Combine("text");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("a line of text\n", 2000)), TestContext.Current.CancellationToken);
        var run = folder.Combine("run");

        await InShellAsync(
            $"{{0}} {line} --data {text} --tokenizer byte --out {run} | true; exit ${{{{PIPESTATUS[0]}}}}",
            1, "error: nobody reads standard output any more; nothing was trained or saved\n");

        Assert.False(Directory.Exists(run));
    }

    [Theory]
    [InlineData("train --layers 1 --width 32 --heads 2 --context 16 --steps 2 --threads 1", "2")]
    [InlineData("train --model ngram --threads 1", "1")]
    public async Task A_training_whose_reader_has_gone_at_its_end_says_that_it_is_saved(string line, string step)
    {
        using var folder = new TemporaryFolder();
        var text = folder.Combine("text");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("a line of text\n", 2000)), TestContext.Current.CancellationToken);
        var run = folder.Combine("run");

        await InShellAsync(
            $"{{0}} {line} --data {text} --tokenizer byte --out {run} | grep -m 1 'measuring the best'; exit ${{{{PIPESTATUS[0]}}}}",
            1, $"error: nobody reads standard output any more; saved after step {step}, to go on: ");

        Assert.True(Directory.Exists(run));
    }

    private static async Task InShellAsync(string script, int exitCode, string error)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs bash");
        var command = string.Format(System.Globalization.CultureInfo.InvariantCulture, script, $"'{Cli.Executable}'");

        var result = await Cli.RunProcessAsync(AppContext.BaseDirectory, "bash", "-c", command);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("bug", result.Error, StringComparison.Ordinal);
    }
}

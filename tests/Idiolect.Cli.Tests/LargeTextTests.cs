using System.Diagnostics;

namespace Idiolect.Cli.Tests;

/// <summary>A text that is too large for memory, in processes of their own: killed, resumed, cached.</summary>
[Trait("Lane", "Full")]
public sealed class LargeTextTests : IDisposable
{
    private static readonly string[] Tiny =
        ["--steps", "1", "--vocab", "300", "--layers", "1", "--heads", "1", "--width", "8", "--context", "64", "--batch", "2", "--eval-batches", "1", "--json"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_kill_while_text_is_encoded_leaves_no_half_shard_and_the_next_run_uses_what_was_made()
    {
        await File.WriteAllLinesAsync(
            _folder["text.txt"], Enumerable.Range(0, 900_000).Select(i => $"line {i} of {i * 7919L % 100_003}"), TestContext.Current.CancellationToken);
        using (var killed = Start(["train", "--data", "text.txt", "--out", "killed", .. Tiny]))
        {
            while (!Files("*.partial").Any(file => file.Contains("training.tokens", StringComparison.Ordinal)) && !killed.HasExited)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
            killed.Kill();
            await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        var first = await RunAsync(["train", "--data", "text.txt", "--out", "first", .. Tiny]);
        var shards = Files("*.tokens").Select(file => (file, File.GetLastWriteTimeUtc(file))).ToArray();
        var second = await RunAsync(["train", "--data", "text.txt", "--out", "second", .. Tiny]);

        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        Assert.Equal(2, shards.Length);
        Assert.Empty(Files("*.partial"));
        Assert.Equal(shards, Files("*.tokens").Select(file => (file, File.GetLastWriteTimeUtc(file))));
        Assert.Equal(
            await File.ReadAllBytesAsync(_folder["first/checkpoints/step-00000001/model.safetensors"], TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(_folder["second/checkpoints/step-00000001/model.safetensors"], TestContext.Current.CancellationToken));
        Assert.Contains("text.txt", (await RunAsync(["data", "cache"])).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(["data", "cache", "--clear"])).ExitCode);
        Assert.Empty(Files("*.tokens"));
    }

    private string[] Files(string pattern) => !Directory.Exists(_folder["cache"]) ? []
        : [.. Directory.EnumerateFiles(_folder["cache"], pattern, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Order(StringComparer.Ordinal)];

    private Process Start(string[] args)
    {
        var start = new ProcessStartInfo(Cli.Executable, args)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path,
        };
        start.Environment["IDIOLECT_CACHE"] = _folder["cache"];
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private async Task<Cli.Result> RunAsync(string[] args)
    {
        using var process = Start(args);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Cli.Result(process.ExitCode, await output, await error);
    }
}

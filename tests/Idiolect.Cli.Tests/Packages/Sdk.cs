using System.Diagnostics;

namespace Idiolect.Cli.Tests.Packages;

/// <summary>Runs the SDK's commands.</summary>
internal static class Sdk
{
    /// <summary>A training that takes a moment.</summary>
    internal static string[] TenSteps { get; } =
        "train --data text.txt --vocab 300 --layers 1 --heads 2 --width 16 --context 16 --batch 4 --eval-batches 2 --steps 10 --eval-every 5 --name ten".Split(' ');

    /// <summary>
    /// Runs <c>dotnet</c>, which must succeed, and returns what it said. Packages go into the test's own folder; those that are on the
    /// machine already are read where they lie.
    /// </summary>
    internal static async Task<string> RunAsync(TemporaryFolder test, string folder, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", args) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // no process outlives the test
        if (folder != RepositoryFolder.Path)
        {
            start.Environment["NUGET_PACKAGES"] = test["packages"];
            start.Environment["RestoreFallbackFolders"] = packages;
        }
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var said = await output + await error;
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', args)}:\n{said}");
        return said;
    }
}

using System.Diagnostics;

using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Tests;

/// <summary>Runs the tool in this process with captured output.</summary>
internal static class Cli
{
    internal sealed record Result(int ExitCode, string Out, string Error);

    internal static Task<Result> RunAsync(params string[] args) => RunWithInputAsync(null, args);

    /// <summary>The same with something piped in.</summary>
    internal static async Task<Result> RunWithInputAsync(Stream? input, params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, error, width: 80, live: false, input);
        var exitCode = await Application.RunAsync(args, terminal, TestContext.Current.CancellationToken);
        return new Result(exitCode, output.ToString(), error.ToString());
    }

    internal static string Executable { get; } =
        Path.Combine(AppContext.BaseDirectory, "Idiolect.Cli" + (OperatingSystem.IsWindows() ? ".exe" : ""));

    /// <summary>Starts a process in a folder of its own, because runs and the latest of them belong to the current folder.</summary>
    internal static Process Start(string folder, string file, params string[] args)
    {
        var process = Process.Start(new ProcessStartInfo(file, args)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        })!;
        process.StandardInput.Close(); // that of the tests may stay open, and the tool reads what is piped in
        return process;
    }

    /// <summary>Runs the tool, or any program, as a process.</summary>
    internal static async Task<Result> RunProcessAsync(string folder, string file, params string[] args)
    {
        using var process = Start(folder, file, args);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Result(process.ExitCode, await output, await error);
    }
}

internal static class RunFoldersForTests
{
    extension(TemporaryFolder folder)
    {
        internal NamedRuns Runs => new(folder["runs"]);

        internal string Combine(string name) => folder[name];
    }

    /// <summary>Begins a run as a training does.</summary>
    internal static string Create(this NamedRuns runs, string? name, string? folder)
    {
        var chosen = runs.Choose(name, folder);
        Directory.CreateDirectory(chosen);
        runs.Remember(chosen);
        return chosen;
    }
}

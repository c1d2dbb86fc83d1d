using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Tests;

/// <summary>Runs the tool in this process with captured output.</summary>
internal static class Cli
{
    internal sealed record Result(int ExitCode, string Out, string Error);

    internal static async Task<Result> RunAsync(params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, error, width: 80, live: false);
        var exitCode = await Application.RunAsync(args, terminal, TestContext.Current.CancellationToken);
        return new Result(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>A folder of its own for a test, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("idiolect-cli-").FullName;

    internal RunFolders Runs => new(System.IO.Path.Combine(Path, "runs"));

    internal string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

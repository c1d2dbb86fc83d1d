using System.Text.RegularExpressions;

namespace Idiolect.Cli.Tests.Packages;

/// <summary>The tool compiled ahead of time, to one file of machine code.</summary>
[Trait("Lane", "Full")]
public sealed partial class NativeAotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_tool_compiles_without_a_warning_from_its_assemblies_and_trains()
    {
        // Each warning by itself, that it may be seen whose it is.
        var said = await Sdk.RunAsync(
            _folder, RepositoryFolder.Path, "publish", "src/Idiolect.Cli/Idiolect.Cli.csproj", "-c", "Release", "--use-current-runtime", "-v", "quiet", "-nologo",
            "-p:PublishAot=true", "-p:TrimmerSingleWarn=false", "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false",
            "--artifacts-path", _folder["artifacts"], "-o", _folder["published"]);

        Assert.DoesNotContain(Warning().Matches(said), warning => warning.Groups["member"].Value.StartsWith("Idiolect", StringComparison.Ordinal));
        TinyText.Write(_folder["text.txt"]);
        var tool = Path.Combine(_folder["published"], Path.GetFileName(Cli.Executable));
        Assert.False(File.Exists(Path.ChangeExtension(tool, ".dll")));

        var trained = await Cli.RunProcessAsync(_folder.Path, tool, [.. Sdk.TenSteps, "--json"]);
        var written = await Cli.RunProcessAsync(_folder.Path, tool, "generate", "ten", "--max-tokens", "5");

        Assert.Equal((0, ""), (trained.ExitCode, trained.Error));
        Assert.Contains("\"event\":\"done\"", trained.Out.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.Equal((0, ""), (written.ExitCode, written.Error));
    }

    [GeneratedRegex(@"warning IL\d+: (?<member>[\w.<>+`]+)")]
    private static partial Regex Warning();
}

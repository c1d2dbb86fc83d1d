using System.IO.Compression;
using System.Xml.Linq;

namespace Idiolect.Cli.Tests.Packages;

/// <summary>What <c>dotnet pack</c> makes, installed from a folder: the tool, and the library in a project of someone else.</summary>
[Trait("Lane", "Full")]
public sealed class PackageTests : IDisposable
{
    // Never published, so that no cache can have it.
    private static readonly string Version = FormattableString.Invariant($"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmss}");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_packages_install_and_run()
    {
        await Sdk.RunAsync(_folder, RepositoryFolder.Path, "pack", "Idiolect.slnx", "-c", "Release", "--no-build", "-o", _folder["feed"], $"-p:MinVerVersionOverride={Version}");

        Assert.Equal(
            ["Idiolect", "Idiolect.Cli", "Idiolect.Lab"],
            Directory.EnumerateFiles(_folder["feed"], "*.nupkg").Select(file => Path.GetFileName(file)[..^$".{Version}.nupkg".Length]).Order());
        Assert.All(["Idiolect", "Idiolect.Cli", "Idiolect.Lab"], name => Assert.Equal("MIT", Field(name, "license")));
        Assert.Contains("lib/net10.0/Idiolect.xml", Entries("Idiolect.nupkg"));
        Assert.Contains("lib/net10.0/Idiolect.pdb", Entries("Idiolect.snupkg"));
        Assert.Contains("lib/net10.0/Idiolect.Lab.pdb", Entries("Idiolect.Lab.snupkg"));
        Assert.All(["README.md", "icon.png"], file => Assert.All(["Idiolect", "Idiolect.Cli", "Idiolect.Lab"], name => Assert.Contains(file, Entries($"{name}.nupkg"))));
        Assert.Equal(
            ["AngleSharp", "Iced", "Microsoft.Extensions.FileSystemGlobbing", "Parquet.Net", "Sep", "System.IO.Hashing", "ZstdSharp.Port"],
            Dependencies("Idiolect").Order(StringComparer.Ordinal));
        Assert.Contains("Idiolect", Dependencies("Idiolect.Lab"));

        _folder.Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <add key="packed" value="{_folder["feed"]}" />
              </packageSources>
            </configuration>
            """);
        await TheToolRunsAsync();
        await TheLibraryRunsAsync();
    }

    private async Task TheToolRunsAsync()
    {
        await Sdk.RunAsync(_folder, _folder.Path, "tool", "install", "Idiolect.Cli", "--version", Version, "--tool-path", _folder["tools"]);

        var tool = Path.Combine(_folder["tools"], "idiolect" + (OperatingSystem.IsWindows() ? ".exe" : ""));
        TinyText.Write(_folder["text.txt"]);
        var trained = await Cli.RunProcessAsync(_folder.Path, tool, [.. Sdk.TenSteps, "--json"]);

        Assert.Equal((0, ""), (trained.ExitCode, trained.Error));
        Assert.Contains("\"event\":\"done\"", trained.Out.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    /// <summary>The sample of the README, which has nothing but the package.</summary>
    private async Task TheLibraryRunsAsync()
    {
        _folder.Write("app/app.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Idiolect" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        var sample = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFolder.Path, "samples", "train-and-generate.cs"), TestContext.Current.CancellationToken);
        _folder.Write("app/Program.cs", string.Join('\n', sample.Split('\n').Where(line => !line.StartsWith("#:", StringComparison.Ordinal))));
        await Sdk.RunAsync(_folder, _folder["app"], "build", "-c", "Release", "-v", "quiet", "-nologo", "-o", _folder["built"]);

        var written = await Cli.RunProcessAsync(
            _folder.Path, "dotnet", Path.Combine(_folder["built"], "app.dll"), Path.Combine(RepositoryFolder.Path, "tests", "golden", "README.md"), _folder["model"]);

        Assert.Equal((0, ""), (written.ExitCode, written.Error));
        Assert.Contains("step 100: loss", written.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["model"], "model.safetensors")));
    }

    private string[] Entries(string package)
    {
        using var archive = ZipFile.OpenRead(PathOf(package));
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    private string Field(string package, string name) => Specification(package).Descendants().Single(element => element.Name.LocalName == name).Value;

    private string[] Dependencies(string package) => [.. Specification(package).Descendants()
        .Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value).Order()];

    private XDocument Specification(string package)
    {
        using var archive = ZipFile.OpenRead(PathOf(package + ".nupkg"));
        using var stream = archive.GetEntry(package + ".nuspec")!.Open();
        return XDocument.Load(stream);
    }

    private string PathOf(string package)
        => _folder[$"feed/{Path.GetFileNameWithoutExtension(package)}.{Version}{Path.GetExtension(package)}"];
}

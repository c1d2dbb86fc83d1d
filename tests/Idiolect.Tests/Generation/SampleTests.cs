using System.Diagnostics;

namespace Idiolect.Tests.Generation;

/// <summary>The program that the README quotes, run as a user would run it.</summary>
[Trait("Lane", "Full")]
public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_trains_saves_loads_and_writes()
    {
        var folder = Directory.CreateTempSubdirectory("idiolect-sample-");
        try
        {
            var start = new ProcessStartInfo(
                "dotnet",
                ["run", "-c", "Release", Path.Combine(Goldens.RepositoryRoot, "samples", "train-and-generate.cs"),
                    Path.Combine(Goldens.RepositoryRoot, "tests", "golden", "README.md"), folder.FullName])
            {
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, output);
            Assert.Contains("step 100: loss", output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(folder.FullName, "model.safetensors")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Idiolect.Tests.Generation;

/// <summary>The samples, one of which the README quotes, run as a user would run them.</summary>
[Trait("Lane", "Full")]
public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_trains_saves_loads_and_writes()
        => await Run("train-and-generate.cs", (output, folder) =>
        {
            Assert.Contains("step 100: loss", output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")));
        });

    [Fact]
    public async Task An_architecture_of_ones_own_trains_resumes_to_the_last_bit_and_writes()
        => await Run("own-architecture.cs", (output, folder) =>
        {
            Assert.Contains("equal to the last bit: True", output, StringComparison.Ordinal);
            Assert.True(output.Split("bit: True")[1].Trim().Length > 50, output); // the text that it wrote
            Assert.True(File.Exists(Path.Combine(folder, "stopped", "checkpoints", "step-00000060", "model.safetensors")));
            Assert.InRange(File.ReadLines(Path.Combine(Goldens.RepositoryRoot, "samples", "own-architecture.cs")).Count(), 1, 99);
        });

    [Fact]
    public async Task A_loss_of_ones_own_over_two_models_widens_the_margin_of_what_is_preferred()
        => await Run("own-loss.cs", (output, _) =>
        {
            var margins = output.Split('\n').Where(line => line.Contains("margin ", StringComparison.Ordinal)) // a build may speak first
                .Select(line => double.Parse(line.Split("margin ")[1], CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(0, margins[0]); // both models begin as one
            Assert.True(margins[^1] > 1, output);
        });

    private static async Task Run(string sample, Action<string, string> check)
    {
        var folder = Directory.CreateTempSubdirectory("idiolect-sample-");
        try
        {
            var start = new ProcessStartInfo(
                "dotnet",
                ["run", "-c", "Release", Path.Combine(Goldens.RepositoryRoot, "samples", sample),
                    Path.Combine(Goldens.RepositoryRoot, "tests", "golden", "README.md"), folder.FullName])
            {
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, output);
            check(output, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Idiolect.Formats;

namespace Idiolect.Lab.Reports;

/// <summary>What one seed of an experiment saw, pictures as data included, with what made it: <c>seeds/NAME-SEED.json</c>.</summary>
/// <param name="Maker">The build of the lab and the size of the run: only the same ones are comparable.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Seen">What it saw.</param>
internal sealed record SeedFile(string Maker, double Seconds, Observation Seen)
{
    private const string Folder = "seeds";

    /// <summary>What the files of this build and size carry.</summary>
    internal static string MakerOf(bool quick) => $"{typeof(SeedFile).Assembly.ManifestModule.ModuleVersionId:N}{(quick ? " quick" : "")}";

    internal static void Write(string folder, string experiment, ulong seed, SeedFile file)
    {
        Directory.CreateDirectory(Path.Combine(folder, Folder));
        AtomicFile.Write(PathOf(folder, experiment, seed), JsonSerializer.SerializeToUtf8Bytes(file, SeedJson.Default.SeedFile));
    }

    /// <summary>What an earlier run of the same build and size saw; null if there is none, or it cannot be read.</summary>
    internal static SeedFile? Read(string folder, string experiment, ulong seed, bool quick)
    {
        var path = PathOf(folder, experiment, seed);
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize(File.ReadAllBytes(path), SeedJson.Default.SeedFile) is { Seen: { Charts.Count: > 0 } } file
                && file.Maker == MakerOf(quick) ? file : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return null; // it is made again
        }
    }

    private static string PathOf(string folder, string experiment, ulong seed) => Path.Combine(folder, Folder, $"{experiment}-{seed}.json");
}

[JsonSerializable(typeof(SeedFile))]
[JsonSourceGenerationOptions(
    IncludeFields = true, // of tuples
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
internal sealed partial class SeedJson : JsonSerializerContext;

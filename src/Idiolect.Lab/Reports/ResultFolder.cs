using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Lab.Reports;

/// <summary>The results in a folder, one JSON file an experiment.</summary>
internal static class ResultFolder
{
    internal static void Write(string folder, ExperimentResult result)
        => AtomicFile.Write(PathOf(folder, result.Name), JsonSerializer.SerializeToUtf8Bytes(result, ResultJson.Default.ExperimentResult));

    /// <summary>The result of an experiment, if there is one.</summary>
    /// <exception cref="InvalidDataException">The file is none of ours.</exception>
    internal static ExperimentResult? Read(string folder, string name)
    {
        var path = PathOf(folder, name);
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ResultJson.Default.ExperimentResult) is { Seeds: not null, Charts: not null } result
                ? result
                : throw new InvalidDataException($"{path} holds no result of the lab; delete it or choose another --out");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} holds no result of the lab ({exception.Message}); delete it or choose another --out", exception);
        }
    }

    private static string PathOf(string folder, string name) => Path.Combine(folder, name + ".json");
}

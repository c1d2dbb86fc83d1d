using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>Finds the .NET installation whose files are corpora.</summary>
internal static class DotnetRoot
{
    /// <summary>The installation that runs this process, or the one that DOTNET_ROOT names (for self-contained programs).</summary>
    /// <param name="folder">A folder that it must have, such as <c>packs</c>; the first candidate when none has it.</param>
    internal static string Find(string folder)
    {
        // {root}/shared/Microsoft.NETCore.App/{version}/
        var ofRuntime = Path.GetFullPath(Path.Join(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string?[] candidates = [ofRuntime, Environment.GetEnvironmentVariable("DOTNET_ROOT")];
        return candidates.FirstOrDefault(root => !string.IsNullOrEmpty(root) && Directory.Exists(Path.Join(root, folder))) ?? ofRuntime;
    }

    /// <summary>The version that a folder such as 10.0.12 or 11.0.0-preview.1 is named after.</summary>
    internal static Version VersionOf(string folder)
        => Version.TryParse(Path.GetFileName(folder).Split('-')[0], out var version) ? version : new Version();

    /// <summary>The folders in a folder, in ordinal order.</summary>
    internal static IEnumerable<string> Subfolders(string folder) => Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal);
}

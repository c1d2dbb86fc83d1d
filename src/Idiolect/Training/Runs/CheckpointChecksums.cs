using System.Security.Cryptography;

namespace Idiolect.Training;

/// <summary>The length and SHA-256 of one file.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Sha256">The hash, in lower-case hexadecimal.</param>
internal sealed record FileChecksum(long Length, string Sha256);

/// <summary><c>checksums.json</c>, the last file written into a checkpoint: what every other file in it must be.</summary>
/// <param name="Files">By path inside the checkpoint, with '/' between folders, in ordinal order.</param>
internal sealed record CheckpointChecksums(SortedDictionary<string, FileChecksum?> Files)
{
    internal const string FileName = "checksums.json";

    /// <summary>Computes the checksums of all files in a folder and writes them into it.</summary>
    internal static void Write(string folder)
    {
        var files = new SortedDictionary<string, FileChecksum?>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            files.Add(Path.GetRelativePath(folder, file).Replace('\\', '/'), new FileChecksum(new FileInfo(file).Length, Hash(file)));
        }
        TrainingJson.Write(Path.Combine(folder, FileName), new CheckpointChecksums(files), TrainingJson.Default.CheckpointChecksums);
    }

    /// <summary>What is wrong with a checkpoint, or null when every file in it is as it was written.</summary>
    internal static string? FindDamage(string folder)
    {
        try
        {
            var checksums = TrainingJson.Read(Path.Combine(folder, FileName), TrainingJson.Default.CheckpointChecksums);
            return checksums.Files.Count == 0
                ? $"{FileName} lists no file"
                : checksums.Files.Select(file => FindDamage(folder, file.Key, file.Value)).FirstOrDefault(damage => damage is not null);
        }
        catch (FileNotFoundException)
        {
            return $"{FileName} is missing";
        }
        catch (InvalidDataException)
        {
            return $"{FileName} is damaged";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    private static string? FindDamage(string folder, string name, FileChecksum? expected)
    {
        if (expected is null || name.Contains('\0') || Path.IsPathRooted(name) || name.Split('/').Contains(".."))
        {
            return $"{FileName} is damaged: its entry '{name}' is no file of the checkpoint";
        }
        var file = new FileInfo(Path.Combine(folder, name));
        if (!file.Exists)
        {
            return $"{name} is missing";
        }
        if (file.Length != expected.Length)
        {
            return $"{name} has {file.Length} bytes instead of {expected.Length}";
        }
        return Hash(file.FullName) == expected.Sha256 ? null : $"{name} has changed: its SHA-256 is not the one stored";
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Formats;

/// <summary><c>checksums.json</c>, the last file written into a checkpoint: what every other file in it must be.</summary>
/// <remarks>They find damage, not malice: who can change a file can change this one too.</remarks>
/// <param name="Files">By path inside the folder, with '/' between folders, in ordinal order.</param>
internal sealed record FolderChecksums(SortedDictionary<string, FileChecksum?> Files)
{
    internal const string FileName = "checksums.json";

    /// <summary>Holds settings that a person may change, so that a change is no damage.</summary>
    private const string Settings = "generation_config.json";

    private const string WeightsExtension = ".safetensors";

    /// <summary>Computes the checksums of all files in a folder and writes them into it.</summary>
    internal static void Write(string folder)
    {
        var files = new SortedDictionary<string, FileChecksum?>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(folder, file).Replace('\\', '/');
            if (name is not (Settings or FileName))
            {
                files.Add(name, FileChecksum.Of(file));
            }
        }
        AtomicFile.Write(
            Path.Combine(folder, FileName),
            JsonSerializer.SerializeToUtf8Bytes(new FolderChecksums(files), ChecksumsJson.Default.FolderChecksums));
    }

    /// <summary>Removes the list, since what it says of a folder's files holds no longer.</summary>
    internal static void Forget(string folder)
    {
        if (Directory.Exists(folder))
        {
            File.Delete(Path.Combine(folder, FileName));
        }
    }

    /// <summary>The list of a folder; null where there is none, as in a published model.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal static FolderChecksums? Find(string folder)
    {
        try
        {
            return Read(folder);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            throw Damaged(folder, $"{FileName} is damaged");
        }
    }

    /// <summary>
    /// Refuses a folder whose small files are not as they were written: config, tokenizer. Weights are verified as they are read, and what lies in
    /// folders below is a resume's.
    /// </summary>
    /// <exception cref="InvalidDataException">A file has changed; the message names it.</exception>
    internal static void RequireSmallFilesIntact(string folder)
    {
        var damage = Find(folder)?.Files
            .Where(file => !file.Key.Contains('/') && !file.Key.EndsWith(WeightsExtension, StringComparison.Ordinal))
            .Select(file => FindDamage(folder, file.Key, file.Value))
            .FirstOrDefault(found => found is not null);
        if (damage is not null)
        {
            throw Damaged(folder, damage);
        }
    }

    /// <summary>What is wrong with a folder, or null when every file in it is as it was written.</summary>
    internal static string? FindDamage(string folder)
    {
        try
        {
            var checksums = Read(folder);
            return checksums.Files.Count == 0
                ? $"{FileName} lists no file"
                : checksums.Files.Select(file => FindDamage(folder, file.Key, file.Value)).FirstOrDefault(damage => damage is not null);
        }
        catch (FileNotFoundException)
        {
            return $"{FileName} is missing";
        }
        catch (JsonException)
        {
            return $"{FileName} is damaged";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <summary>The complaint about a file that is not as it was written.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="reason">What is wrong, with the file's name.</param>
    internal static InvalidDataException Damaged(string folder, string reason) => new(
        $"'{folder}' is damaged: {reason}. Give another checkpoint, or copy this one again; if the change is your own, delete {FileName} beside it.");

    private static FolderChecksums Read(string folder)
    {
        try
        {
            FileKind.RequireRegular(Path.Combine(folder, FileName));
            using var stream = File.OpenRead(Path.Combine(folder, FileName));
            return JsonSerializer.Deserialize(stream, ChecksumsJson.Default.FolderChecksums) ?? throw new JsonException("it says null");
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new FileNotFoundException(exception.Message, exception);
        }
    }

    private static string? FindDamage(string folder, string name, FileChecksum? expected)
        => expected is not { IsUsable: true } || name.Contains('\0') || Path.IsPathRooted(name) || name.Split('/').Contains("..")
            ? $"{FileName} is damaged: its entry '{name}' is no file of the checkpoint"
            : name == Settings ? null
            : expected.FindDamage(Path.Combine(folder, name), name);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    NewLine = "\n",
    MaxDepth = 16)]
[JsonSerializable(typeof(FolderChecksums))]
internal sealed partial class ChecksumsJson : JsonSerializerContext;

namespace Idiolect.Formats;

/// <summary>The length and a hash of one file.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Xxh128">The XXH128 hash, in lower-case hexadecimal.</param>
/// <param name="Sha256">The SHA-256 instead, as earlier versions wrote it.</param>
internal sealed record FileChecksum(long Length, string? Xxh128 = null, string? Sha256 = null)
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Whether there is a hash at all.</summary>
    internal bool IsUsable => Xxh128 is not null || Sha256 is not null;

    /// <summary>Reads a file.</summary>
    internal static FileChecksum Of(string path)
    {
        using var hash = new ContentHash(isSha256: false);
        var length = Append(path, hash);
        return new FileChecksum(length, hash.Finish());
    }

    /// <summary>A hash to compare with this one.</summary>
    internal ContentHash CreateHash() => new(isSha256: Xxh128 is null);

    /// <summary>What is wrong with a file, or null when it is as it was written. Reads all of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name in the message.</param>
    internal string? FindDamage(string path, string name)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return $"{name} is missing";
        }
        if (DescribeLength(file.Length, name) is { } wrong)
        {
            return wrong;
        }
        using var hash = CreateHash();
        Append(path, hash);
        return DescribeHash(hash, name);
    }

    /// <summary>What is wrong with a file's length, or null.</summary>
    internal string? DescribeLength(long found, string name) => found == Length ? null : $"{name} has {found} bytes instead of {Length}";

    /// <summary>What is wrong with the hash of a whole file, or null.</summary>
    internal string? DescribeHash(ContentHash hash, string name)
        => hash.Finish() == (Xxh128 ?? Sha256) ? null : $"{name} has changed: its {hash.Name} is not the one in {FolderChecksums.FileName}";

    private static long Append(string path, ContentHash hash)
    {
        FileKind.RequireRegular(path);
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
        var buffer = new byte[Math.Clamp(RandomAccess.GetLength(handle), 1, ChunkBytes)];
        var length = 0L;
        for (int read; (read = RandomAccess.Read(handle, buffer, length)) > 0; length += read)
        {
            hash.Append(buffer.AsSpan(0, read));
        }
        return length;
    }
}

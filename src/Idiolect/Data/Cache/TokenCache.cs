using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// Where the tokens of corpora that are too large for memory are kept, each made once and used by every later run: a folder for a corpus, named by a
/// hash of its files' names, sizes and times and of how it is read and divided.
/// </summary>
public sealed class TokenCache
{
    /// <summary>The environment variable that names the folder; without it, <c>idiolect/tokens</c> below <c>XDG_CACHE_HOME</c> or <c>~/.cache</c>.</summary>
    public const string Variable = "IDIOLECT_CACHE";

    internal const string Advice = $"{Variable} names another folder for the tokens of large texts.";

    /// <summary>A cache in a folder, which need not exist.</summary>
    /// <param name="folder">The folder.</param>
    public TokenCache(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        Folder = Path.GetFullPath(folder);
    }

    /// <summary>The cache of this user.</summary>
    public static TokenCache Default => new(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named
        : Path.Join(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches ? caches
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "idiolect", "tokens"));

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>What lies in it, the last used first.</summary>
    public IReadOnlyList<TokenCacheEntry> Entries => !Directory.Exists(Folder) ? []
        : [.. new DirectoryInfo(Folder).EnumerateDirectories().Where(folder => CachedCorpus.IsOne(folder.FullName))
            .Select(Describe).OrderByDescending(entry => entry.LastUsed).ThenBy(entry => entry.Key, StringComparer.Ordinal)];

    /// <summary>Removes a corpus's tokens; who reads them at this moment reads on.</summary>
    /// <param name="key">Its <see cref="TokenCacheEntry.Key"/>.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such entry.</exception>
    /// <exception cref="IOException">Another process makes them at this moment, or the folder cannot be removed.</exception>
    public void Remove(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        var folder = Path.Join(Folder, key);
        if (Path.GetFileName(key) != key || !CachedCorpus.IsOne(folder))
        {
            throw new DirectoryNotFoundException($"{Folder} has no entry {key}.");
        }
        using (CacheLock.TryAcquire(folder) ?? throw new IOException($"The tokens in {folder} are being made by another process: wait until it ends, or stop it."))
        {
            AtomicFolder.Delete(folder);
        }
    }

    /// <summary>What is kept of a corpus.</summary>
    /// <param name="identity">A hash of its files and of how it is read.</param>
    /// <param name="source">What people call it.</param>
    /// <param name="identify">Finds that hash anew.</param>
    internal CachedCorpus Open(string identity, string source, Func<string> identify)
        => new(Path.Join(Folder, identity[..CachedCorpus.KeyLength]), source, () => identify() == identity);

    private static TokenCacheEntry Describe(DirectoryInfo folder)
    {
        FileInfo[] files = [.. folder.EnumerateFiles("*", SearchOption.AllDirectories)];
        return new TokenCacheEntry(
            folder.Name, CachedCorpus.SourceOf(folder.FullName), files.Sum(file => file.Length), folder.LastWriteTimeUtc);
    }
}

/// <summary>The tokens of one corpus, for each tokenizer that it was encoded with.</summary>
/// <param name="Key">The name of its folder.</param>
/// <param name="Source">What was read.</param>
/// <param name="Bytes">The size on the disk.</param>
/// <param name="LastUsed">When it was used last.</param>
public sealed record TokenCacheEntry(string Key, string Source, long Bytes, DateTime LastUsed);

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>The folder of one corpus: how it divides, the tokenizers that were trained on it, and its tokens.</summary>
/// <param name="folder">The folder.</param>
/// <param name="source">What people call the corpus.</param>
/// <param name="isUnchanged">Whether its files look from outside as they did when the folder was named after them.</param>
internal sealed class CachedCorpus(string folder, string source, Func<bool> isUnchanged)
{
    internal const int KeyLength = 24; // hexadecimal digits

    private const string DivisionsName = "corpus.json";
    private const int HashLength = 16;

    /// <summary>Whether a folder is one of these.</summary>
    internal static bool IsOne(string folder)
        => Path.GetFileName(folder) is { Length: KeyLength } name && name.All(char.IsAsciiHexDigitLower) && File.Exists(Path.Join(folder, DivisionsName));

    /// <summary>What was read.</summary>
    internal static string SourceOf(string folder) => Read(folder)?.Source ?? "?";

    /// <summary>How the corpus divides, if that is known.</summary>
    /// <param name="count">Its sources.</param>
    internal CorpusDivisions? ReadDivisions(int count)
    {
        if (Read(folder) is not { } known || known.Sources.Count != count)
        {
            return null;
        }
        Touch();
        return known;
    }

    internal void WriteDivisions(CorpusDivisions divisions)
    {
        RequireUnchanged();
        Write(() => AtomicFile.Write(Path.Join(folder, DivisionsName), Serialize(divisions with { Checksum = ChecksumOf(divisions) })));
    }

    /// <summary>What cannot be written says how to have it elsewhere: the user named another path, or none.</summary>
    private static void Write(Action write)
    {
        try
        {
            write();
        }
        catch (WriteFailedException exception) when (exception.InnerException is { } cause)
        {
            throw new WriteFailedException(exception.Path, cause, TokenCache.Advice);
        }
    }

    /// <summary>What is made of files that change meanwhile must not be kept, nor used.</summary>
    /// <exception cref="InvalidDataException">They did.</exception>
    internal void RequireUnchanged()
    {
        if (!isUnchanged())
        {
            throw new InvalidDataException($"{source} changed while it was read: wait until nobody writes it, or copy it, and start again.");
        }
    }

    /// <summary>A tokenizer that was trained on this corpus in the same way, or a new one.</summary>
    /// <param name="description">All that makes it, beside the corpus.</param>
    /// <param name="train">Makes it.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal Tokenizer Tokenizer(string description, Func<Tokenizer> train, CancellationToken cancellationToken)
    {
        var path = Path.Join(folder, "tokenizer-" + HashOf(description));
        if (FolderChecksums.FindDamage(path) is null)
        {
            return Tokenization.Tokenizer.Load(path);
        }
        using var held = CacheLock.Acquire(folder, () => { }, cancellationToken);
        if (FolderChecksums.FindDamage(path) is not null)
        {
            var trained = train();
            RequireUnchanged();
            if (Directory.Exists(path))
            {
                AtomicFolder.Delete(path);
            }
            Write(() => AtomicFolder.Write(path, partial =>
            {
                trained.Save(partial);
                FolderChecksums.Write(partial);
            }));
        }
        return Tokenization.Tokenizer.Load(path);
    }

    /// <summary>The tokens of one side, made if they are not there, or damaged.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="heldOut">Which side.</param>
    /// <param name="bytes">The UTF-8 bytes of that side.</param>
    /// <param name="write">Makes them at a path, atomically.</param>
    /// <param name="progress">Told when another process is making them.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal TokenDataset Tokens(
        Tokenizer tokenizer, bool heldOut, long bytes, Action<string> write, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        var path = Path.Join(folder, $"{tokenizer.Hash[..HashLength]}-{(heldOut ? "validation" : "training")}.tokens");
        if (File.Exists(path) && TryOpen(path, tokenizer, bytes) is { } known)
        {
            Touch();
            return known;
        }
        using var held = CacheLock.Acquire(
            folder, () => progress?.Report(new DataProgress($"waiting for another process, which makes the tokens of {source}", 0, 0)), cancellationToken);
        if (!File.Exists(path) || TryOpen(path, tokenizer, bytes) is not { } made)
        {
            Write(() => write(path));
            made = TokenDataset.Open(path);
        }
        return made;
    }

    private static TokenDataset? TryOpen(string path, Tokenizer tokenizer, long bytes)
    {
        try
        {
            var found = TokenDataset.Open(path);
            if (found.VocabularySize == tokenizer.VocabularySize && found.Separator == tokenizer.BeginningOfTextId && found.ByteCount == bytes)
            {
                return found;
            }
            found.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is InvalidDataException or FileNotFoundException)
        {
            return null;
        }
    }

    private static CorpusDivisions? Read(string folder)
    {
        try
        {
            var found = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Join(folder, DivisionsName)), CorpusDivisionsContext.Default.CorpusDivisions);
            return found is not null && found.Checksum == ChecksumOf(found) ? found : null;
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static byte[] Serialize(CorpusDivisions divisions) => JsonSerializer.SerializeToUtf8Bytes(divisions, CorpusDivisionsContext.Default.CorpusDivisions);

    private static string ChecksumOf(CorpusDivisions divisions) => Convert.ToHexStringLower(SHA256.HashData(Serialize(divisions with { Checksum = "" })));

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HashLength];

    /// <summary>Notes that it was used.</summary>
    private void Touch()
    {
        try
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only the order of a list depends on it.
        }
    }
}

/// <summary>How the sources of a corpus divide.</summary>
internal sealed record CorpusDivisions
{
    /// <summary>What was read.</summary>
    public required string Source { get; init; }

    /// <summary>One a source; null for dotnet-docs, which is read whole.</summary>
    public required IReadOnlyList<SourceDivision?> Sources { get; init; }

    /// <summary>SHA-256 of all else, so that damage is noticed.</summary>
    public string Checksum { get; init; } = "";
}

/// <summary>JSON without reflection.</summary>
[JsonSerializable(typeof(CorpusDivisions))]
internal sealed partial class CorpusDivisionsContext : JsonSerializerContext;

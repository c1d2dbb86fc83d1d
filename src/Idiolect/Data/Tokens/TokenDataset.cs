using System.Security.Cryptography;
using System.Text;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// The tokens of one side of a corpus as one stream, each document preceded by the separator token if the tokenizer has one.
/// In memory, or memory-mapped from a file that <see cref="Save"/> wrote.
/// </summary>
public sealed class TokenDataset : IDisposable
{
    private readonly int[] _tokens = [];
    private readonly TokenShard? _shard;

    private TokenDataset(int[] tokens, long byteCount, int vocabularySize, int? separator)
    {
        _tokens = tokens;
        TokenCount = tokens.Length;
        ByteCount = byteCount;
        VocabularySize = vocabularySize;
        Separator = separator;
    }

    private TokenDataset(TokenShard shard)
    {
        _shard = shard;
        TokenCount = shard.Header.TokenCount;
        ByteCount = shard.Header.ByteCount;
        VocabularySize = shard.Header.VocabularySize;
        Separator = shard.Header.Separator;
    }

    /// <summary>The length of the stream, separators included.</summary>
    public long TokenCount { get; }

    /// <summary>The UTF-8 bytes of the texts that the tokens stand for; separators stand for none.</summary>
    public long ByteCount { get; }

    /// <summary>The tokens are in [0, this).</summary>
    public int VocabularySize { get; }

    /// <summary>The token before each document; null if the tokenizer has none.</summary>
    public int? Separator { get; }

    /// <summary>Encodes documents on several threads; the stream does not depend on their number.</summary>
    /// <param name="documents">The texts.</param>
    /// <param name="encode">Turns one text into tokens, the same ones each time; called from several threads at once.</param>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="separator">The token to put before each document, if any.</param>
    /// <param name="threads">The number of threads; 0 means one a processor.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary, or there are more than 2^31 of them.</exception>
    public static TokenDataset Encode(
        IEnumerable<Document> documents,
        Func<string, int[]> encode,
        int vocabularySize,
        int? separator = null,
        int threads = 0,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (separator is { } id && (uint)id >= (uint)vocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(separator), id, $"The separator is not in the vocabulary of {vocabularySize}.");
        }
        var tokens = new List<int>();
        long byteCount = 0;
        foreach (var (document, piece) in new DocumentEncoder(encode, vocabularySize, threads).Encode(documents, cancellationToken))
        {
            if (tokens.Count + (long)piece.Length >= Array.MaxLength)
            {
                throw new InvalidDataException($"The corpus has more tokens than one dataset holds in memory ({Array.MaxLength}): train on a part of it.");
            }
            if (separator is not null && !document.IsContinuation)
            {
                tokens.Add(separator.Value);
            }
            tokens.AddRange(piece);
            byteCount += Encoding.UTF8.GetByteCount(document.Text);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return new TokenDataset([.. tokens], byteCount, vocabularySize, separator);
    }

    /// <summary>Opens a file that <see cref="Save"/> wrote, without reading it into memory.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no token shard, or is damaged.</exception>
    public static TokenDataset Open(string path) => new(TokenShard.Open(path));

    /// <summary>Writes the tokens to a file, atomically: after a crash there is the old file or the new one, never a part.</summary>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public void Save(string path) => TokenShard.Write(
        path,
        new TokenShardHeader(
            VocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(uint), TokenCount, ByteCount, VocabularySize, Separator,
            new byte[SHA256.HashSizeInBytes]),
        CopyTo);

    /// <summary>Copies tokens from position <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the stream.</exception>
    public void CopyTo(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, TokenCount - destination.Length);
        if (_shard is not null)
        {
            _shard.CopyTo(start, destination);
        }
        else
        {
            _tokens.AsSpan((int)start, destination.Length).CopyTo(destination);
        }
    }

    /// <summary>Checks that the stream holds at least one window of a context and the token after it.</summary>
    /// <param name="contextLength">The tokens of one window.</param>
    /// <exception cref="InvalidDataException">The text is too short.</exception>
    public void RequireContext(int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (TokenCount <= contextLength)
        {
            throw new InvalidDataException(
                $"The text has {TokenCount} tokens, fewer than one context of {contextLength} and the token after it: "
                + "give more text or a smaller context length.");
        }
    }

    /// <summary>Closes the file, if there is one.</summary>
    public void Dispose() => _shard?.Dispose();
}

using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>Copies tokens from position <paramref name="start"/> on.</summary>
internal delegate void TokenReader(long start, Span<int> destination);

/// <summary>
/// A file of tokens: a <see cref="TokenShardHeader"/>, then the tokens as unsigned 16- or 32-bit numbers, little-endian,
/// mapped into memory and checked (length, SHA-256, vocabulary) when it is opened.
/// </summary>
internal sealed class TokenShard : IDisposable
{
    private const int TokensPerChunk = 64 * 1024;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private TokenShard(MemoryMappedFile file, TokenShardHeader header)
    {
        Header = header;
        _file = file;
        _view = file.CreateViewAccessor(0, TokenShardHeader.Size + header.TokenBytes, MemoryMappedFileAccess.Read);
    }

    internal TokenShardHeader Header { get; }

    internal static TokenShard Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no token file {path}.", path);
        }
        var header = TokenShardHeader.Read(path);
        var shard = new TokenShard(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read), header);
        try
        {
            shard.Verify(path);
            return shard;
        }
        catch
        {
            shard.Dispose();
            throw;
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="header">What it begins with; the hash is filled in.</param>
    /// <param name="read">Gives the tokens, some at a time.</param>
    internal static void Write(string path, TokenShardHeader header, TokenReader read) => AtomicFile.Write(path, stream => Write(stream, header, read));

    internal void CopyTo(long start, Span<int> destination)
    {
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        if (Header.BytesPerToken == sizeof(ushort))
        {
            // Read into the upper half, then widened from the front: what is written has been read.
            var narrow = MemoryMarshal.Cast<int, ushort>(destination)[destination.Length..];
            Read(start, narrow);
            for (var i = 0; i < destination.Length; i++)
            {
                destination[i] = narrow[i];
            }
        }
        else
        {
            Read(start, destination);
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>The tokens from <paramref name="start"/> on, as wide as the file has them.</summary>
    private void Read<T>(long start, Span<T> tokens)
        where T : unmanaged
        => _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(_view.PointerOffset + TokenShardHeader.Size + (start * Header.BytesPerToken)), tokens);

    private static void Write(Stream stream, TokenShardHeader header, TokenReader read)
    {
        using var writer = new TokenShardWriter(stream, header.VocabularySize, header.Separator);
        var tokens = new int[TokensPerChunk];
        for (long start = 0; start < header.TokenCount; start += TokensPerChunk)
        {
            var chunk = tokens.AsSpan(0, (int)Math.Min(TokensPerChunk, header.TokenCount - start));
            read(start, chunk);
            writer.Append(chunk);
        }
        writer.Finish(header.ByteCount);
    }

    /// <summary>A wrong token would index outside of the embedding, so tokens are checked even when the hash is right.</summary>
    private void Verify(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = ArrayPool<int>.Shared.Rent(TokensPerChunk);
        var bytes = ArrayPool<byte>.Shared.Rent(TokensPerChunk * Header.BytesPerToken);
        for (long start = 0; start < Header.TokenCount; start += TokensPerChunk)
        {
            var chunk = tokens.AsSpan(0, (int)Math.Min(TokensPerChunk, Header.TokenCount - start));
            var stored = bytes.AsSpan(0, chunk.Length * Header.BytesPerToken);
            Read(start, stored);
            hash.AppendData(stored);
            CopyTo(start, chunk);
            foreach (var token in chunk)
            {
                if ((uint)token >= (uint)Header.VocabularySize)
                {
                    throw new InvalidDataException($"{path}: token {(uint)token} is not in the vocabulary of {Header.VocabularySize}: delete the file; it will be made again.");
                }
            }
        }
        ArrayPool<int>.Shared.Return(tokens);
        ArrayPool<byte>.Shared.Return(bytes);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(Header.ContentHash))
        {
            throw new InvalidDataException($"{path} is damaged (its SHA-256 does not fit its content): delete the file; it will be made again.");
        }
    }
}

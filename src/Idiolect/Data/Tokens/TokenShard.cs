using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// A file of tokens: a <see cref="TokenShardHeader"/>, then the tokens as unsigned 16- or 32-bit numbers, little-endian,
/// mapped into memory and checked (length, SHA-256, vocabulary) when it is opened.
/// </summary>
internal sealed unsafe class TokenShard : IDisposable
{
    private const int TokensPerChunk = 64 * 1024;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _tokens; // (token count) x BytesPerToken

    private TokenShard(MemoryMappedFile file, TokenShardHeader header)
    {
        Header = header;
        _file = file;
        _view = file.CreateViewAccessor(0, TokenShardHeader.Size + header.TokenBytes, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _tokens = start + _view.PointerOffset + TokenShardHeader.Size;
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

    internal static void Write(string path, TokenDataset dataset) => AtomicFile.Write(path, stream => Write(stream, dataset));

    internal void CopyTo(long start, Span<int> destination)
    {
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        if (Header.BytesPerToken == sizeof(ushort))
        {
            var source = (ushort*)_tokens + start;
            for (var i = 0; i < destination.Length; i++)
            {
                destination[i] = source[i];
            }
        }
        else
        {
            new ReadOnlySpan<int>((int*)_tokens + start, destination.Length).CopyTo(destination);
        }
    }

    public void Dispose()
    {
        if (!_view.SafeMemoryMappedViewHandle.IsClosed)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        _view.Dispose();
        _file.Dispose();
    }

    private static void Write(Stream stream, TokenDataset dataset)
    {
        var header = new TokenShardHeader(
            dataset.VocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(uint),
            dataset.TokenCount, dataset.ByteCount, dataset.VocabularySize, dataset.Separator, new byte[SHA256.HashSizeInBytes]);
        stream.Write(header.ToBytes());
        var hash = WriteTokens(stream, dataset, header.BytesPerToken);
        stream.Position = 0;
        stream.Write((header with { ContentHash = hash }).ToBytes());
    }

    private static byte[] WriteTokens(Stream stream, TokenDataset dataset, int bytesPerToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = new int[TokensPerChunk];
        var narrow = new ushort[TokensPerChunk];
        for (long start = 0; start < dataset.TokenCount; start += TokensPerChunk)
        {
            var chunk = tokens.AsSpan(0, (int)Math.Min(TokensPerChunk, dataset.TokenCount - start));
            dataset.CopyTo(start, chunk);
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(chunk);
            if (bytesPerToken == sizeof(ushort))
            {
                for (var i = 0; i < chunk.Length; i++)
                {
                    narrow[i] = (ushort)chunk[i];
                }
                bytes = MemoryMarshal.AsBytes(narrow.AsSpan(0, chunk.Length));
            }
            hash.AppendData(bytes);
            stream.Write(bytes);
        }
        return hash.GetHashAndReset();
    }

    /// <summary>A wrong token would index outside of the embedding, so tokens are checked even when the hash is right.</summary>
    private void Verify(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tokens = ArrayPool<int>.Shared.Rent(TokensPerChunk);
        for (long start = 0; start < Header.TokenCount; start += TokensPerChunk)
        {
            var chunk = tokens.AsSpan(0, (int)Math.Min(TokensPerChunk, Header.TokenCount - start));
            hash.AppendData(new ReadOnlySpan<byte>(_tokens + (start * Header.BytesPerToken), chunk.Length * Header.BytesPerToken));
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
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(Header.ContentHash))
        {
            throw new InvalidDataException($"{path} is damaged (its SHA-256 does not fit its content): delete the file; it will be made again.");
        }
    }
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Idiolect.Data;

/// <summary>Writes a token shard of tokens that come one after the other, their number known only at the end.</summary>
internal sealed class TokenShardWriter : IDisposable
{
    private const int TokensPerChunk = 64 * 1024;

    private readonly Stream _stream;
    private readonly int _vocabularySize;
    private readonly int? _separator;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly int[] _waiting = new int[TokensPerChunk];
    private readonly ushort[] _narrow = new ushort[TokensPerChunk];
    private int _waitingCount;
    private long _count;

    /// <param name="stream">Where the file begins; it can go back to that place.</param>
    /// <param name="vocabularySize">The number of different tokens: up to 65,536 each takes 16 bits, else 32.</param>
    /// <param name="separator">The token before each document, if any.</param>
    internal TokenShardWriter(Stream stream, int vocabularySize, int? separator)
    {
        (_stream, _vocabularySize, _separator) = (stream, vocabularySize, separator);
        stream.Write(Header(0, new byte[SHA256.HashSizeInBytes]).ToBytes());
    }

    private bool IsNarrow => _vocabularySize <= ushort.MaxValue + 1;

    internal void Append(ReadOnlySpan<int> tokens)
    {
        while (!tokens.IsEmpty)
        {
            var count = Math.Min(tokens.Length, TokensPerChunk - _waitingCount);
            tokens[..count].CopyTo(_waiting.AsSpan(_waitingCount));
            _waitingCount += count;
            tokens = tokens[count..];
            if (_waitingCount == TokensPerChunk)
            {
                Flush();
            }
        }
    }

    /// <summary>Writes what waits, and the header.</summary>
    /// <param name="byteCount">The UTF-8 bytes of text that the tokens stand for.</param>
    internal void Finish(long byteCount)
    {
        Flush();
        _stream.Position = 0;
        _stream.Write(Header(byteCount, _hash.GetHashAndReset()).ToBytes());
    }

    public void Dispose() => _hash.Dispose();

    private TokenShardHeader Header(long byteCount, byte[] hash)
        => new(IsNarrow ? sizeof(ushort) : sizeof(uint), _count, byteCount, _vocabularySize, _separator, hash);

    private void Flush()
    {
        var tokens = _waiting.AsSpan(0, _waitingCount);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(tokens);
        if (IsNarrow)
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                _narrow[i] = (ushort)tokens[i];
            }
            bytes = MemoryMarshal.AsBytes(_narrow.AsSpan(0, tokens.Length));
        }
        _hash.AppendData(bytes);
        _stream.Write(bytes);
        _count += tokens.Length;
        _waitingCount = 0;
    }
}

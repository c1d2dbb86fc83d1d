using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Idiolect.Data;

/// <summary>The first 72 bytes of a token shard. All numbers are little-endian.</summary>
/// <param name="BytesPerToken">2 or 4.</param>
/// <param name="TokenCount">The number of tokens that follow.</param>
/// <param name="ByteCount">The UTF-8 bytes of text that they stand for.</param>
/// <param name="VocabularySize">The tokens are below this.</param>
/// <param name="Separator">The token before each document, if any; stored as -1 otherwise.</param>
/// <param name="ContentHash">SHA-256 of the tokens' bytes.</param>
internal sealed record TokenShardHeader(
    int BytesPerToken, long TokenCount, long ByteCount, int VocabularySize, int? Separator, byte[] ContentHash)
{
    internal const int Size = 8 + 4 + 4 + 8 + 8 + 4 + 4 + SHA256.HashSizeInBytes;

    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "IDIOTOKS"u8;

    internal long TokenBytes => TokenCount * BytesPerToken;

    internal byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), BytesPerToken);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), TokenCount);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), ByteCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), VocabularySize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(36), Separator ?? -1);
        ContentHash.CopyTo(bytes, 40);
        return bytes;
    }

    /// <summary>Reads and checks a header against the length of its file; nothing of a claimed size is allocated.</summary>
    internal static TokenShardHeader Read(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[Size];
        if (stream.ReadAtLeast(bytes, Size, throwOnEndOfStream: false) < Size || !bytes.StartsWith(Magic))
        {
            throw new InvalidDataException($"{path} is not a token file of Idiolect.");
        }
        Require(path, "version", BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), version => version == Version, $"{Version}");
        var bytesPerToken = Require(
            path, "bytes per token", BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), size => size is sizeof(ushort) or sizeof(uint), "2 or 4");
        var room = (stream.Length - Size) / bytesPerToken;
        var tokenCount = Require(
            path, "token count", BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            count => count == room && stream.Length == Size + (count * bytesPerToken), $"{room}, which fits the file's length");
        var byteCount = Require(path, "byte count", BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), count => count >= 0, "0 or more");
        var vocabularySize = (int)Require(path, "vocabulary size", BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]), size => size > 0, "1 or more");
        var separator = (int)Require(
            path, "separator", BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]), id => id >= -1 && id < vocabularySize, "-1 or a token");
        return new TokenShardHeader(
            (int)bytesPerToken, tokenCount, byteCount, vocabularySize, separator < 0 ? null : separator, bytes[40..].ToArray());
    }

    private static long Require(string path, string field, long found, Func<long, bool> isValid, string expected)
        => isValid(found) ? found
            : throw new InvalidDataException($"{path}: {field} is {found}, expected {expected}: delete the file; it will be made again.");
}
